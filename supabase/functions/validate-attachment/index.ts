// Supabase Edge Function: may this file be attached to a message? Section 5.2 of the plan.

import { handler } from "./handler.ts";

Deno.serve(handler);
