/** Whether a person watches this stream at a terminal that can clear lines: those of editors and of some CI say that they can't. */
export const canRedraw = (
  { isTTY }: { readonly isTTY?: boolean },
  { TERM }: Readonly<Record<string, string | undefined>>,
): boolean => isTTY === true && TERM !== 'dumb'
