"""Why a job failed, in one line: an operating system names a file and what is wrong with it, but not what to do."""

import errno

AGAIN = "then run the same command again: what was finished or saved before is whole"
CLOSED = "is closed to you; change its permissions, or those of the folders above it, with `chmod`"
REMEDIES = {
    errno.ENOSPC: f"cannot be written: the disk is full; make room, {AGAIN}",
    errno.EDQUOT: f"cannot be written: your quota on this disk is used up; make room, {AGAIN}",
    errno.EROFS: "cannot be written: the disk is read-only; have it mounted for writing, or work in another folder",
    errno.EIO: f"cannot be read or written: the disk fails; have it looked at, {AGAIN}",
    errno.EACCES: CLOSED,
    errno.EPERM: CLOSED,
    errno.ENOENT: "is missing; put it there; if it is a result, run the same command again",
    errno.EISDIR: "is a folder, and a file belongs there; move it away",
    errno.EEXIST: "is a file, and a folder belongs there; move it away",
    errno.ENOTDIR: "lies below a file, where a folder belongs; move that file away",
}


def reason(error):
    """What to tell the user of an exception, in one line."""
    if isinstance(error, OSError) and error.errno in REMEDIES:
        return f"{error.filename or 'a file'} {REMEDIES[error.errno]}"
    return " ".join((str(error) or repr(error)).split())
