"""`geodata`: the features of a file, of the files in a folder, or of a file behind a URL."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Generator
from contextlib import aclosing
from pathlib import Path

from ..archives import unpack
from ..background import in_background
from ..harvest import Harvest, Unchanged
from ..inputs import input_files, require_one_input
from ..mapping import MappingFile
from ..source import Surroundings, beside
from .feature_source import FeatureSource, Found
from .formats import GeoFile, geo_files, require_geo_files
from .layers import Selection, choose_layer, count_features

DIGESTS = "files"
_CHUNK = 1024 * 1024


class GeodataSource(FeatureSource):
    """GeoJSON, GeoPackage, Shapefile, GML, FlatGeobuf and VFK, also zipped."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        require_one_input(file, self.options)
        bbox = self.options.get("bbox")
        self._selection = Selection(
            self.options.get("layer"),
            self.options.get("columns"),
            self.options.get("where"),
            tuple(bbox) if bbox else None,
            self.options.get("encoding"),
        )

    async def records(self, run: Harvest) -> AsyncIterator[Found]:
        """Every feature; Unchanged when the files are those of the last run."""
        paths = await input_files(self.file, self.options, run)
        async with aclosing(in_background(lambda: self._read(paths, run))) as batches:
            async for batch in batches:
                for found in batch:
                    yield found

    def _read(self, paths: list[Path], run: Harvest) -> Generator[list[Found]]:
        digests = {path.name: _digest(path) for path in paths} if "path" in self.options else {}
        if digests and run.watermark(DIGESTS) == digests:
            raise Unchanged  # a file has no validators: its hash says that it is the one of the last run
        files = self._files(paths, run.folder)
        self._expect(files, run)
        for file in files:
            yield from self.records_in(file, self._selection, file.name)
        if digests:
            run.advance(DIGESTS, digests)

    def _files(self, paths: list[Path], folder: Path) -> list[GeoFile]:
        unpacked = [each for path in paths for each in unpack(path, folder)]
        if beside(self.file, self.options.get("path", "")).is_dir() and "path" in self.options:
            return geo_files(unpacked, folder)
        return require_geo_files(unpacked, folder, paths[0].name)

    def _expect(self, files: list[GeoFile], run: Harvest) -> None:
        if self._selection.where or self._selection.bbox:
            return
        counts = [count_features(file, choose_layer(file, self._selection.layer)) for file in files]
        if all(count is not None for count in counts):
            run.expect(sum(count or 0 for count in counts))


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    # A shapefile is several files; its attributes stand in the .dbf.
    for part in sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix.lower() == ".shp" else [path]:
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
