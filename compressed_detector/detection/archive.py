# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The archive of a model (.dcz): manifest, coded constants, and the rest of the .tflite file.

docs/dcz.md describes the format. Expanding needs NumPy only and restores the file bit by bit.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding import lanes, models, tensors
from compressed_detector.detection.coding.huffman import HuffmanCoder
from compressed_detector.detection.coding.lanes import Symbols
from compressed_detector.detection.coding.rans import RansCoder
from compressed_detector.detection.coding.reader import ByteReader, inflated, lzma_decompressed
from compressed_detector.detection.coding.tensors import CoderKind, TensorCode
from compressed_detector.detection.manifest import Manifest, require
from compressed_detector.errors import ModelError

SUFFIX = '.dcz'
# As in PNG: a high bit and both line ends show what a transfer as text would change.
MAGIC = b'\x89DCZ\r\n\x1a\n'
VERSION = 1
HEADER = struct.Struct('<8sHQ')
SECTION = struct.Struct('<QI')
SECTIONS = ('manifest', 'skeleton', 'layout', 'codebooks', 'code lengths', 'probabilities',
            'Huffman codes', 'rANS codes')
CODES = {CoderKind.HUFFMAN: 'Huffman codes', CoderKind.RANS: 'rANS codes'}
DIGEST_BYTES = 32
MAX_MANIFEST_BYTES = 2**22
# Some ten thousand tensors.
MAX_LAYOUT_BYTES = 2**18

Codebook = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Coded:
    """A file of ``model_size`` bytes, coded in the sections of an archive."""

    model_size: int
    sections: Mapping[str, bytes]

    def assembled(self) -> bytes:
        """Return the file that was coded; raises ModelError for what cannot be decoded."""
        codes = self.layout()
        skeleton_size = self.model_size - sum(code.size for code in codes)
        skeleton = lzma_decompressed(self.sections['skeleton'], skeleton_size, 'skeleton')
        require(len(skeleton) == skeleton_size,
                f'skeleton: expected {skeleton_size} bytes, got {len(skeleton)}')
        rest = ByteReader(skeleton, 'skeleton')
        model, end = np.empty(self.model_size, np.uint8), 0
        for code, codebook, streams in self.tensors(codes):
            model[end:code.offset] = np.frombuffer(rest.take(code.offset - end), np.uint8)
            end = code.offset + code.size
            tensors.restore(code, codebook, streams, model[code.offset:end])
        model[end:] = np.frombuffer(rest.take(self.model_size - end), np.uint8)
        return model.tobytes()

    def layout(self) -> list[TensorCode]:
        """Return which tensors are coded, and how."""
        data = inflated(self.sections['layout'], MAX_LAYOUT_BYTES, 'layout')
        return tensors.read_layout(data, self.model_size)

    def coders(self) -> dict[CoderKind, lanes.Coder]:
        """Return the coders with their models."""
        return {
            CoderKind.HUFFMAN: HuffmanCoder(models.unpack_lengths(self.sections['code lengths'])),
            CoderKind.RANS: RansCoder(models.unpack_parts(self.sections['probabilities'])),
        }

    def tensors(
        self, codes: Sequence[TensorCode]
    ) -> Iterator[tuple[TensorCode, Codebook, list[Symbols]]]:
        """Yield each tensor of the layout with its codebook (bytes) and its streams."""
        streams = {
            kind: iter(lanes.decode(self.sections[CODES[kind]], _sizes(codes, kind), coder))
            for kind, coder in self.coders().items()
        }
        books = ByteReader(
            inflated(self.sections['codebooks'], sum(code.codebook_size for code in codes),
                     'codebooks'),
            'codebooks',
        )
        for code in codes:
            book = np.frombuffer(books.take(code.codebook_size), np.uint8)
            yield code, book, [next(streams[stream.coder]) for stream in code.streams]
        books.finish()


@dataclass(frozen=True, eq=False)
class Archive(Coded):
    """The parts of an intact archive, still coded."""

    manifest: Manifest

    @classmethod
    def open(cls, content: bytes, max_model_bytes: int) -> Archive:
        """
        Check an archive and read its manifest; nothing else is decoded.

        Raises ModelError for a file that is none, of another version, cut off, changed, or
        whose model would take more than so many bytes.
        """
        require(content[:len(MAGIC)] == MAGIC,
                f'expected an archive ({SUFFIX}), got bytes {content[:len(MAGIC)]!r}')
        reader = ByteReader(content[:-DIGEST_BYTES], 'archive')
        _, version, model_size = HEADER.unpack(reader.take(HEADER.size))
        require(version == VERSION, f'archive: expected version {VERSION}, got {version}; '
                                    'archive the model with this version of compress_model')
        require(model_size <= max_model_bytes,
                f'archive: expected a model of at most {max_model_bytes} bytes, got {model_size}')
        require(hashlib.sha256(content[:-DIGEST_BYTES]).digest() == content[-DIGEST_BYTES:],
                'archive: its content and its sha256 differ; it is damaged: copy it again')
        sections = {name: _section(reader, name) for name in SECTIONS}
        reader.finish()
        return cls(model_size, sections, _manifest(sections['manifest']))

    def expand(self) -> bytes:
        """Return the .tflite file; raises ModelError unless it is what the manifest promises."""
        try:
            content = self.assembled()
        except MemoryError as error:
            raise ModelError(
                f'archive: not enough memory to expand a model of {self.model_size} bytes'
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        require(digest == self.manifest.sha256, f'archive: expected a model of sha256 '
                f'{self.manifest.sha256}, got {digest}; archive the model again')
        return content


def _sizes(codes: Sequence[TensorCode], kind: CoderKind) -> list[tuple[int, int]]:
    return [
        (size, stream.model)
        for code in codes for size, stream in zip(code.stream_sizes, code.streams)
        if stream.coder is kind
    ]


def _section(reader: ByteReader, name: str) -> bytes:
    size, checksum = SECTION.unpack(reader.take(SECTION.size))
    data = reader.take(size)
    require(zlib.crc32(data) == checksum,
            f'archive: the {name} differ from their checksum; copy the archive again')
    return data


def _manifest(data: bytes) -> Manifest:
    text = inflated(data, MAX_MANIFEST_BYTES, 'manifest')
    try:
        manifest = Manifest.from_json(text.decode('utf-8'))
    except UnicodeDecodeError as error:
        raise ModelError(f'manifest: {error}') from error
    # It names the folder that the model is cached in.
    require(re.fullmatch('[0-9a-f]{64}', manifest.sha256) is not None,
            f'manifest: expected a sha256 of 64 hexadecimal digits, got {manifest.sha256!r}')
    return manifest
