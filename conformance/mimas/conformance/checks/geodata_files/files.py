"""What files of geodata say, and whether it is right."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from ...geodata.features import Feature, expect_same_ids, expect_unique_ids, harvest_note
from ...geodata.files import Dataset, kind_of, read_dataset
from ...geodata.geometry import positions, problem_of
from ...geodata.gml import as_crs84
from ...geodata.places import expect_lon_lat
from ...geodata.reference import expect_control_points, expect_in_range, lon_lat, parse_crs
from ...probe import Probe
from ...verdicts import Failure, NotTested, Warn
from ..declaration import Level, check

Datasets = list[Dataset]


def geodata(
    name: str, requirement: str | Iterable[str], clause: str, *, level: Level = "MUST", baseline: bool = False
) -> Callable[[Callable[[Probe, Datasets], None]], Callable[[Probe, Datasets], None]]:
    """Declare a check of the sample files that are geodata; it gets them as they were read."""

    def declare(function: Callable[[Probe, Datasets], None]) -> Callable[[Probe, Datasets], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            function(probe, _read(probe))

        check(
            f"GEODATA.{name}",
            requirement=requirement,
            mechanism="samples",
            level=level,
            clause=clause,
            needs={"samples", "baseline"} if baseline else {"samples"},
        )(run)
        return function

    return declare


def _read(probe: Probe) -> Datasets:
    claimed = [(each, kind_of(each.path.name, each.media_type)) for each in probe.sample_files()]
    found = [
        read_dataset(each.path.name, kind, probe.read_file(each.path))
        for each, kind in claimed
        if kind is not None
    ]
    if not found:
        raise NotTested("None of the sample files is GeoJSON, GML, GeoPackage, CityJSON or IFC.")
    return found


def _with_features(datasets: Datasets) -> Datasets:
    found = [each for each in datasets if each.features]
    if not found:
        raise NotTested("The sample files hold no features.")
    return found


def _title(dataset: Dataset, feature: Feature) -> str:
    return f"{feature.name.capitalize()} of {dataset.name}"


@geodata("readable", ("MIM7-R2.1", "MIM7-2022-r2"), "RFC 7946; OGC 07-036r1; OGC 12-128r18; OGC 20-072r5")
def readable(probe: Probe, datasets: Datasets) -> None:
    """Each file is the open format that it claims to be."""
    probe.note("formats", {each.name: each.kind for each in datasets})
    old = [(each.name, problem) for each in datasets for problem in each.problems]
    if old:
        raise Warn(
            f"{old[0][0]} has {old[0][1]}.", mend="Write the file in the newest version of its format."
        )


@geodata("valid-geometries", "MIM7-R2.1", "OGC 06-103r4, 6.1")
def valid_geometries(_: Probe, datasets: Datasets) -> None:
    """Geometries are valid: rings closed, no polygon crosses itself."""
    for dataset in _with_features(datasets):
        for each in dataset.features:
            if each.geometry and (why := problem_of(each.geometry)):
                raise Failure(f"{_title(dataset, each)} is not valid: {why}.", mend="Mend it (ST_MakeValid).")


@geodata("ids-unique", "MIM7-R4.1", "INSPIRE D2.5, 14")
def ids_unique(_: Probe, datasets: Datasets) -> None:
    """Every feature has an id, and no id stands on two features of a file."""
    for dataset in _with_features(datasets):
        try:
            expect_unique_ids(dataset.features)
        except Failure as failure:
            raise Failure(f"{dataset.name}: {failure.message}", mend=failure.mend) from failure


@geodata("ids-persistent", "MIM7-R4.1", "INSPIRE D2.5, 14", baseline=True)
def ids_persistent(probe: Probe, datasets: Datasets) -> None:
    """Features have the ids that they had in the files of the earlier run."""
    found = {each.name: harvest_note(each.features) for each in _with_features(datasets)}
    probe.note("features", found)
    earlier = probe.earlier("features")
    for name, ids in found.items():
        expect_same_ids(earlier.get(name, {}), ids)


@geodata("crs-stated", "MIM7-R5.1a", "EPSG register")
def crs_stated(probe: Probe, datasets: Datasets) -> None:
    """Each file states its reference system by a known code; GeoJSON has CRS84 by its standard."""
    for dataset in datasets:
        bare = [each for each in dataset.features if each.geometry and each.crs is None]
        if bare or (not dataset.systems and not dataset.features):
            raise Failure(
                f"{dataset.name} states no reference system"
                + (f" for {len(bare)} of {len(dataset.features)} features." if bare else "."),
                mend="State it by its EPSG code (S-JTSK / Krovak East North is EPSG:5514).",
            )
    probe.note("crs", {each.name: [str(crs) for crs in each.systems] for each in datasets})


@geodata("coordinates-in-range", "MIM7-R5.1a", "EPSG register, area of use")
def in_range(_: Probe, datasets: Datasets) -> None:
    """Coordinates lie where the stated reference system may be used."""
    for dataset in _with_features(datasets):
        for each in dataset.features[:200]:
            if each.crs is not None:
                expect_in_range(each.geometry, each.crs, _title(dataset, each))


@geodata("transformable", "MIM7-R5.1b", "PROJ")
def transformable(probe: Probe, datasets: Datasets) -> None:
    """All files can be transformed to one system; what stands in several lies within 15 m of itself."""
    common = parse_crs("EPSG:4258")
    known: dict[str, tuple[str, Feature]] = {}
    compared = 0
    for dataset in _with_features(datasets):
        for each in dataset.features[:500]:
            if each.geometry is None or each.crs is None:
                continue
            here = as_crs84(each)
            for position in positions(here.geometry)[:2]:
                lon_lat((position[1], position[0]), common)
            name, other = known.setdefault(_lasting_id(each), (dataset.name, here))
            if name != dataset.name and other.geometry and here.geometry:
                compared += 1
                what = f"{_title(dataset, each)}, compared with {name},"
                expect_control_points(other.geometry, each.geometry, each.crs, what)
    probe.note("features in several files", compared)


def _lasting_id(feature: Feature) -> str:
    """The id by which a feature is known in other files, too: its URI where a property holds one."""
    named = (feature.properties.get(name) for name in ("uri", "identifier"))
    return str(next((each for each in named if each), feature.id))


@geodata("lon-lat", ("MIM7-R5.1b", "MIM7-D02"), "RFC 7946, 4")
def longitude_first(probe: Probe, datasets: Datasets) -> None:
    """What the files hold lies in the service area, in the axis order of its system."""
    for dataset in _with_features(datasets):
        stated = [as_crs84(each) for each in dataset.features[:200] if each.crs is not None]
        places = [place for each in stated for place in positions(each.geometry)]
        if places:
            expect_lon_lat(places, probe.target.service_area)
    if probe.target.service_area is None:
        raise NotTested("Without `service_area` in the target exchanged axes cannot be told.")
