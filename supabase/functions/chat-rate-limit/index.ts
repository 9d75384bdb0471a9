// Supabase Edge Function: may the caller send another message? Section 5.1 of the plan.

import { handler } from "./handler.ts";

Deno.serve(handler);
