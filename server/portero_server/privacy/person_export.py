"""Exports everything that is stored about a person, with the photographs that the vault keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from portero_server.gallery.rebuild import VaultAccess
from portero_server.store.exported import ExportedRecord
from portero_server.store.exports import ExportStore
from portero_server.vault.sealing import SealBroken

_log = structlog.get_logger(__name__)

_PHOTO = "photo"
_PAGE_BYTES = 4 * 1024 * 1024
"""Photos after which a page ends, so that a message stays below what clients take."""


class PersonExport:
    """Reads the rows about a person, and the photos of those rows."""

    def __init__(self, records: ExportStore, access: VaultAccess | None) -> None:
        """Creates the export; `access` is the vault, None if the site keeps no photos."""
        self._records = records
        self._access = access

    async def page(
        self, person_id: str, limit: int, after: tuple[str, str] | None = None
    ) -> tuple[Sequence[ExportedRecord], ExportedRecord | None]:
        """Returns a page of records, fewer where photos are large.

        Args:
            person_id: Whose.
            limit: How many records at most.
            after: Kind and key of the last record of the page before.

        Returns:
            The records, and the last of them (None: there are no more).

        Raises:
            NotFound: Nothing is stored of such a person.
            VaultUnavailable: The vault does not answer; an export without the photos would be incomplete.
        """
        found = await self._records.records(person_id, limit + 1, after)
        page, size = list[ExportedRecord](), 0
        for record in found[:limit]:
            whole = await self._with_photo(record) if record.kind == _PHOTO else record
            size += len(whole.content)
            if page and size > _PAGE_BYTES:
                break
            page.append(whole)
        return page, page[-1] if len(page) < len(found) else None

    async def _with_photo(self, record: ExportedRecord) -> ExportedRecord:
        photo = None if self._access is None else await self._access.photos.get(record.key)
        if photo is None or self._access is None:
            return record
        try:
            content = await self._access.vault.read(photo)
        except SealBroken as broken:
            _log.warning("photo_not_exported", photo=record.key, reason=broken.reason)
            return record
        return replace(record, content=content or b"")
