/** The frame and head of a table; its rows are its page's own. */
import type { ReactNode } from "react";

type TableProps = {
  columns: string[];
  /** What the last column, which has no words on top, is called where it is read aloud. */
  actions?: string;
  /** Its rows. */
  children: ReactNode;
};

/** A table that scrolls sideways where it is too wide. */
export function Table({ columns, actions, children }: TableProps) {
  return (
    <div className="table-frame">
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" key={column}>
                {column}
              </th>
            ))}
            {actions && (
              <th scope="col" className="end">
                <span className="visually-hidden">{actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** "1 pool", "3 pools". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
