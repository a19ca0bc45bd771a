/** The whole log of a run as a file. */
import { logs } from "../api/clients";
import type { LogFilter } from "./logFeed";
import { fileLine } from "./logLines";

const PAGE = 10_000;

type Wish = {
  flowRunId: string;
  fileName: string;
  filter: LogFilter;
  taskName: (taskRunId: string) => string;
  /** Called with the number of lines that are here. */
  onProgress: (lines: number) => void;
};

/** Read all lines that pass the filter, and hand them to the browser as a file. */
export async function downloadLog({
  flowRunId,
  fileName,
  filter,
  taskName,
  onProgress,
}: Wish): Promise<void> {
  const parts: BlobPart[] = [];
  let pageToken = "";
  let count = 0;
  do {
    const page = await logs.listLogs({ flowRunId, filter, pageSize: PAGE, pageToken }, { timeoutMs: 60_000 });
    parts.push(
      page.entries.map((entry) => fileLine(entry, taskName(entry.record?.taskRunId ?? ""))).join(""),
    );
    count += page.entries.length;
    onProgress(count);
    pageToken = page.nextPageToken;
  } while (pageToken);
  save(new Blob(parts, { type: "text/plain;charset=utf-8" }), fileName);
}

function save(blob: Blob, fileName: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
