// Supabase Edge Function: may the caller send another message?

import { handler } from "./handler.ts";

Deno.serve(handler);
