"""Log lines as JSON objects."""

import logging

import structlog


def json_formatter() -> logging.Formatter:
    """Return a formatter that prints time, level, logger, message, ids and traceback as one JSON object."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )


class OneLine(logging.Filter):
    """Reduce a record to its message: a warning without a traceback, for mistakes of callers."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback, and pass the record on."""
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True
