/** What a run or a task returned. Nothing is unpickled: JSON and text are shown, the rest is told by its type and size. */
import { Json } from "../design/blocks";
import type { Result } from "../gen/orch_proto/v1/result_pb";

const UNITS = ["B", "KiB", "MiB", "GiB"];

/** "1.5 KiB". */
export function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** The result, or what can be said of it. */
export function ResultView({ result }: { result: Result | undefined }) {
  if (!result?.mediaType) return <p className="muted">None was kept.</p>;
  const { content, mediaType } = result;
  if (content.case === "data" && isText(mediaType)) {
    return <Json label="Result" text={new TextDecoder().decode(content.value)} />;
  }
  return (
    <p>
      <code>{mediaType}</code>, {sizeText(Number(result.sizeBytes))}
      {content.case === "uri" && (
        <>
          , in <code>{content.value}</code>
        </>
      )}
    </p>
  );
}

const isText = (mediaType: string): boolean => /^text\/|[/+]json\b/.test(mediaType);
