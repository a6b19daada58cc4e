"""One zstd frame of a file, and the dictionary that the file begins with: how some archives pack WARC files.

Sources: RFC 8878 (frames, skippable frames, dictionaries); the IIPC's "Zstandard Compression for WARC Files" 1.0: one frame
per record, and the dictionary, itself packed or not, in a skippable frame with the magic number 0x184D2A5D at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from archive.warc.member import FEED, BadRecord, Unfinished
from archive.warc.window import Window

if TYPE_CHECKING:  # loaded when the first such file is met
    from archive.zstandard import zstd

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_DICTIONARY_FRAME = b"\x5d\x2a\x4d\x18"
_DICTIONARY_MAGIC = b"\x37\xa4\x30\xec"
_MAX_DICTIONARY = 16 * 2**20  # bytes; those met with have 1 MB
_STEP = 2**20
_WINDOW_LOG = 27  # 128 MiB: what `zstd -d` takes without being asked
_SKIPPABLE_HEAD = 8
_GLANCES = 2_048, 2**17 + 64  # bytes: a block gives nothing before it is whole, and may have 128 KiB


def is_skippable(data: bytes) -> bool:
    """Return whether `data` begins with the magic number of a frame that decoders pass over."""
    return data[1:4] == b"\x2a\x4d\x18" and 0x50 <= data[0] <= 0x5F  # noqa: PLR2004  RFC 8878 section 3.1.2


class Frames:
    """Inflates the frames of one file, with its dictionary. Raises `BadRecord` where that is damaged."""

    def __init__(self, window: Window) -> None:
        from archive.zstandard import zstd

        self._zstd = zstd
        self._window = window
        self._dictionary = self._read_dictionary()

    def inflate(self, at: int, take: Callable[[bytes], None]) -> int:
        """Hand what the frame at `at` holds to `take`, piece by piece; return where it ends. Skippable frames hold nothing.

        Raises `BadRecord` or `Unfinished`, then after `take` had what could be inflated.
        """
        window = self._window
        head = window.at(at, _SKIPPABLE_HEAD)
        if is_skippable(head):
            end = at + len(head) + int.from_bytes(head[4:], "little")
            if len(head) < _SKIPPABLE_HEAD or end > window.end:
                raise Unfinished
            return end
        if not head.startswith(ZSTD_MAGIC):
            if ZSTD_MAGIC.startswith(head):
                raise Unfinished
            raise BadRecord("no zstd frame begins here")
        decoder = self._decoder()
        while True:
            piece = window.at(at, FEED) if decoder.needs_input else b""
            if decoder.needs_input and not piece:
                raise Unfinished
            at += len(piece)
            try:
                part = decoder.decompress(piece, max_length=_STEP)
            except self._zstd.ZstdError as error:
                raise BadRecord(f"its zstd frame is damaged: {error}") from None
            take(part)
            if decoder.eof:
                return at - len(decoder.unused_data)

    def glance(self, at: int, count: int = 64) -> bytes:
        """Return the first bytes of the frame at `at`, b"" if it is none or holds nothing."""
        for size in _GLANCES:
            piece = self._window.at(at, size)
            if not piece.startswith(ZSTD_MAGIC):
                return b""
            try:
                begin = bytes(self._decoder().decompress(piece, max_length=count))
            except self._zstd.ZstdError:
                return b""
            if begin or len(piece) < size:
                return begin
        return b""

    def _decoder(self) -> zstd.ZstdDecompressor:
        limit = {int(self._zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
        return self._zstd.ZstdDecompressor(zstd_dict=self._dictionary, options=limit)

    def _read_dictionary(self) -> zstd.ZstdDict | None:
        head = self._window.at(0, _SKIPPABLE_HEAD)
        if not head.startswith(_DICTIONARY_FRAME) or len(head) < _SKIPPABLE_HEAD:
            return None
        size = int.from_bytes(head[4:], "little")
        if size > _MAX_DICTIONARY:
            raise BadRecord(f"its dictionary has {size} bytes, over the limit of {_MAX_DICTIONARY}")
        data = self._window.at(_SKIPPABLE_HEAD, size)
        if len(data) < size:
            raise Unfinished
        try:
            if data.startswith(ZSTD_MAGIC):
                decoder = self._zstd.ZstdDecompressor()
                data = decoder.decompress(data, max_length=_MAX_DICTIONARY)
                if not decoder.eof:
                    raise BadRecord("its dictionary is cut off or too large")
            dictionary = self._zstd.ZstdDict(data, is_raw=not data.startswith(_DICTIONARY_MAGIC))
            self._zstd.ZstdDecompressor(zstd_dict=dictionary)  # looks into it only now
        except (self._zstd.ZstdError, ValueError) as error:
            raise BadRecord(f"its dictionary cannot be used: {error}") from None
        return dictionary
