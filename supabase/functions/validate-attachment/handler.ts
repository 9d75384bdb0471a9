// A file is accepted if its declared type is allowed and matches its name and its bytes (file_type.ts).

import { answering, json, read, Refusal } from "../_shared/http.ts";
import { detect, EXTENSIONS } from "./file_type.ts";

const MAX_SIZE = 10 * 1024 * 1024; // bytes, of the file
const MAX_ENVELOPE = 64 * 1024; // bytes, of the form around it

export const handler = answering(async (request) => {
  const file = await submittedFile(request);
  const type = file.type.split(";")[0].trim().toLowerCase();
  const bytes = new Uint8Array(await file.arrayBuffer());

  const extensions = EXTENSIONS[type];
  if (!extensions) {
    throw new Refusal("INVALID_FILE_TYPE", undefined, {
      type,
      allowed: Object.keys(EXTENSIONS),
    });
  }
  const extension = /\.([^.]*)$/.exec(file.name)?.[1].toLowerCase() ?? "";
  if (!extensions.includes(extension)) {
    throw new Refusal(
      "INVALID_FILE_TYPE",
      "The file's name does not match its type",
      { type, extension, expected: extensions },
    );
  }
  const found = detect(bytes);
  if (found !== type) {
    throw new Refusal(
      "INVALID_FILE_TYPE",
      "The file's content does not match its type",
      { type, found },
    );
  }
  return json({ valid: true, type, size: file.size });
});

async function submittedFile(request: Request): Promise<File> {
  const contentType = request.headers.get("Content-Type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(contentType)) {
    throw new Refusal(
      "VALIDATION_ERROR",
      "Send the file as multipart/form-data",
    );
  }
  const tooLarge = new Refusal("FILE_TOO_LARGE", undefined, {
    max_size: MAX_SIZE,
  });
  const body = await read(request, MAX_SIZE + MAX_ENVELOPE);
  if (body === null) throw tooLarge;

  const files = await formFiles(body, contentType);
  const [file] = files;
  if (files.length !== 1 || !(file instanceof File)) {
    throw new Refusal(
      "VALIDATION_ERROR",
      files.length > 1 ? "Send one file at a time" : "No file provided",
      { field: "file" },
    );
  }
  if (file.size > MAX_SIZE) throw tooLarge;
  if (file.size === 0) {
    throw new Refusal("VALIDATION_ERROR", "The file is empty", {
      field: "file",
    });
  }
  // deno-lint-ignore no-control-regex -- the check looks for control characters: "virus.exe\0.png"
  if (/[\u0000-\u001f\u007f/\\]/.test(file.name)) {
    throw new Refusal("VALIDATION_ERROR", "The file's name is not valid", {
      field: "file",
    });
  }
  return file;
}

async function formFiles(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<FormDataEntryValue[]> {
  try {
    const form = await new Response(body, {
      headers: { "Content-Type": contentType },
    }).formData();
    return form.getAll("file");
  } catch {
    throw new Refusal("VALIDATION_ERROR", "The form cannot be read");
  }
}
