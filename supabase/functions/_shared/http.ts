// The responses of all Edge Functions: JSON, CORS, and errors in the plan's ErrorResponse format.

import table from "./errors.json" with { type: "json" };

export type ErrorCode = keyof typeof table.codes;

interface ErrorResponse {
  error: {
    code: ErrorCode;
    message: string;
    details?: Record<string, unknown>;
    retry_after?: number; // seconds
  };
}

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers":
    "authorization, x-client-info, apikey, content-type",
  "Access-Control-Allow-Methods": "POST, OPTIONS",
  // Without this, browsers hide these headers from the page.
  "Access-Control-Expose-Headers":
    "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
};

/** A refusal with a code of the shared table; `answering` turns it into the response. */
export class Refusal extends Error {
  constructor(
    readonly code: ErrorCode,
    message?: string,
    readonly details?: Record<string, unknown>,
    readonly status: number = table.codes[code].status,
  ) {
    super(message ?? table.codes[code].message);
  }

  body(): ErrorResponse {
    const { code, message, details } = this;
    return { error: { code, message, ...(details && { details }) } };
  }
}

/** The handler of a function: preflight, POST with a token, and all errors in one format. */
export function answering(
  handle: (request: Request, authorization: string) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method === "OPTIONS") {
      return new Response("ok", { headers: CORS });
    }
    try {
      if (request.method !== "POST") {
        throw new Refusal(
          "VALIDATION_ERROR",
          `Use POST instead of ${request.method}`,
          undefined,
          405,
        );
      }
      return await handle(request, bearer(request));
    } catch (error) {
      return answer(error);
    }
  };
}

/** A JSON response with the CORS headers that browsers need. */
export function json(
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, { status, headers: { ...CORS, ...headers } });
}

/** The request's body; null if it has more than `limit` bytes. Stops reading as soon as that is known. */
export async function read(
  request: Request,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (Number(request.headers.get("Content-Length")) > limit) {
    await request.body?.cancel();
    return null;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limit) return null; // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function bearer(request: Request): string {
  const authorization = request.headers.get("Authorization") ?? "";
  if (!/^Bearer +\S+$/i.test(authorization)) throw new Refusal("UNAUTHORIZED");
  return authorization;
}

function answer(error: unknown): Response {
  if (error instanceof Refusal) {
    const headers: Record<string, string> = error.status === 405
      ? { Allow: "POST, OPTIONS" }
      : {};
    return json(error.body(), error.status, headers);
  }
  // Only operators see the log; the response must not contain a host, query or key.
  console.error(error);
  const internal = new Refusal("INTERNAL_ERROR");
  return json(internal.body(), internal.status);
}
