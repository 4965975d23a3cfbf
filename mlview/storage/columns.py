"""Column types that keep Python values exactly, in SQLite as in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.types import TypeDecorator

from mlview.errors import UsageProblem
from mlview.storage import jsontext

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A timezone-aware moment as whole microseconds since 1970, UTC: exact, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds; a moment without a time zone is refused."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise UsageProblem(
                f"the moment {value.isoformat()} has no time zone",
                hint="pass a datetime with tzinfo=UTC",
            )
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The moment, in UTC."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """Nested values as text that reads back as exactly the same values, NaN and tuples too."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """JSON text."""
        del dialect
        return jsontext.dump(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """What was kept."""
        del dialect
        return None if value is None else jsontext.load(value)


class Prose(TypeDecorator[str]):
    """Text for people, such as an error message: what UTF-8 cannot say is spelled out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Lone surrogates (from odd file names, say) become backslash escapes."""
        del dialect
        return None if value is None else value.encode("utf-8", "backslashreplace").decode()
