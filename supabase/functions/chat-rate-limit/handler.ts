// Reports the rate limit that the database enforces (check_message_rate_limit); it counts nothing itself.

import { answering, json, read, Refusal } from "../_shared/http.ts";

interface RateLimit {
  allowed: boolean;
  limit: number;
  remaining: number;
  reset_at: string; // when the next message is accepted; if allowed, when the oldest message leaves the window
  retry_after: number; // seconds; 0 when allowed
}

const MAX_BODY = 1024; // bytes; {"action": "increment"} takes 23
const TIMEOUT = 10_000; // milliseconds

export const handler = answering(async (request, authorization) => {
  const action = await requestedAction(request);
  const { allowed, limit, remaining, reset_at, retry_after } =
    await currentLimit(authorization);

  const headers = {
    "X-RateLimit-Limit": String(limit),
    "X-RateLimit-Remaining": String(remaining),
    "X-RateLimit-Reset": reset_at,
  };
  if (action === "increment") {
    // Sending the message is the increment; this is the status after it.
    const after = Math.max(0, remaining - 1);
    return json({ allowed, remaining: after, reset_at }, 200, headers);
  }
  if (allowed) {
    return json({ allowed, remaining, reset_at }, 200, headers);
  }
  // The plan has two formats for this response: RateLimitResponse, whose `error` is a string, and
  // ErrorResponse. All errors of all functions use the second; here the fields of the first are added.
  const refusal = new Refusal(
    "RATE_LIMITED",
    `Rate limit exceeded. Try again in ${retry_after} ${
      retry_after === 1 ? "second" : "seconds"
    }.`,
    { limit, remaining, reset_at },
  );
  return json(
    {
      allowed,
      remaining,
      reset_at,
      error: { ...refusal.body().error, retry_after },
    },
    refusal.status,
    { ...headers, "Retry-After": String(retry_after) },
  );
});

async function requestedAction(
  request: Request,
): Promise<"check" | "increment"> {
  const bytes = await read(request, MAX_BODY);
  if (bytes === null) {
    throw new Refusal("VALIDATION_ERROR", "The request is too large");
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal("VALIDATION_ERROR", "The request is not valid JSON");
  }
  const action = (body as { action?: unknown } | null)?.action;
  if (action !== "check" && action !== "increment") {
    throw new Refusal(
      "VALIDATION_ERROR",
      'The action must be "check" or "increment"',
      { field: "action" },
    );
  }
  return action;
}

async function currentLimit(authorization: string): Promise<RateLimit> {
  const response = await fetch(
    `${setting("SUPABASE_URL")}/rest/v1/rpc/check_message_rate_limit`,
    {
      method: "POST",
      headers: {
        apikey: setting("SUPABASE_ANON_KEY"),
        Authorization: authorization,
        "Content-Type": "application/json",
      },
      body: "{}",
      signal: AbortSignal.timeout(TIMEOUT),
    },
  );
  if (!response.ok) {
    await response.body?.cancel();
    if (response.status === 401) throw new Refusal("UNAUTHORIZED");
    if (response.status === 403) throw new Refusal("FORBIDDEN");
    throw new Error(
      `check_message_rate_limit returned status ${response.status}`,
    );
  }
  const body = await response.json();
  const row = Array.isArray(body) ? body[0] : body;
  if (
    typeof row?.allowed !== "boolean" ||
    ![row.limit, row.remaining, row.retry_after].every(Number.isInteger) ||
    Number.isNaN(Date.parse(row.reset_at))
  ) {
    throw new Error("check_message_rate_limit returned an unknown format");
  }
  return {
    allowed: row.allowed,
    limit: row.limit,
    remaining: Math.max(0, row.remaining),
    reset_at: new Date(row.reset_at).toISOString(),
    retry_after: row.allowed ? 0 : Math.max(1, row.retry_after),
  };
}

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
