"""The time and the room that one connection may take, and the most connections and downloads."""

HEAD_SECONDS = 10.0  # until the head of a request is complete
HEAD_BYTES = 64 << 10  # of one head
IDLE_SECONDS = 5  # between two requests on one connection
BODY_SECONDS = 10.0  # in which a body must end or move on at the slowest rate
SLOWEST_RATE = 1024  # bytes a second, for bodies and for answers
STALL_SECONDS = 30.0  # in which an answer must move on at the slowest rate
KEPT_BYTES = 256 << 10  # of a body or an answer in memory; longer ones are sent on as they come
ENDING_SECONDS = 6  # that open requests, and then downloads, get after TERM
RETRY_SECONDS = 2  # after which a refused caller may come back
DOWNLOADS = 400  # large files on their way at once, in one process
FILES = 8192  # open descriptors; the default of 1024 is fewer than our connections and their files


def allow_open_files() -> None:
    """Raise the limit of open files of this process as far as the machine permits."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
