/** Why a file can't be read, in words where it is not there. */
export const unreadable = (file: string, error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? `there is no file ${file}`
    : `${file} can't be read: ${(error as Error).message}`
