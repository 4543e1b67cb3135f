type Cell = string | number | null;

/** Columns for people: words to the left, figures to the right; what is not built yet says so. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(shown));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...texts.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[], row?: readonly Cell[]) =>
    cells
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return typeof row?.[column] === 'number' ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...texts.map((row, index) => line(row, rows[index]))].join('\n');
}

/** Three digits that count. */
export function rounded(value: number): number {
  if (!Number.isFinite(value)) return value;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function shown(cell: Cell): string {
  if (cell === null) return 'not built';
  return typeof cell === 'number' ? String(rounded(cell)) : cell;
}
