# SPDX-License-Identifier: BSD-3-Clause
"""Who made which mask from what, in the terms of W3C PROV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from napari_mtmri.review.journal import SOFTWARE, Event, Head

PREFIX = {"prov": "http://www.w3.org/ns/prov#", "review": "urn:napari-mtmri:review:"}


@dataclass(frozen=True)
class Exported:
    """A mask in an export.

    Parameters
    ----------
    file : str
        Path in the export.
    case, reader : str
        As they are shown: titles in blind mode.
    reading : int
    sha256 : str
    events : tuple of dict
        Of this reading, from the journal.
    """

    file: str
    case: str
    reader: str
    reading: int
    sha256: str
    events: tuple[Event, ...]


def provenance(masks: Iterable[Exported], heads: Mapping[str, Head]) -> dict[str, Any]:
    """Return a PROV-JSON document of exported masks.

    Parameters
    ----------
    masks : iterable of Exported
    heads : mapping
        Head of the journal of each reader.

    References
    ----------
    W3C, The PROV-JSON Serialization, 2013.
    """
    document: dict[str, Any] = {
        "prefix": PREFIX,
        "entity": {},
        "activity": {},
        "agent": {"review:software": _agent("prov:SoftwareAgent", SOFTWARE)},
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
    }
    for reader, head in heads.items():
        facts = {"review:journal_lines": head.count, "review:journal_head": head.hash}
        document["agent"][f"review:reader/{reader}"] = {**_agent("prov:Person", reader), **facts}
    for mask in masks:
        _add(document, mask)
    return document


def _add(document: dict[str, Any], mask: Exported) -> None:
    name = f"{mask.reader}/{mask.case}/reading-{mask.reading}"
    entity, activity = f"review:mask/{name}", f"review:work/{name}"
    saves = [event for event in mask.events if event["event"] == "saved"]
    document["entity"][entity] = {"prov:location": mask.file, "review:sha256": mask.sha256}
    document["activity"][activity] = {
        "prov:startTime": mask.events[0]["time"],
        "prov:endTime": mask.events[-1]["time"],
        "review:tools": _tools(saves),
    }
    document["wasGeneratedBy"][f"_:made/{name}"] = {
        "prov:entity": entity,
        "prov:activity": activity,
    }
    for agent in (f"review:reader/{mask.reader}", "review:software"):
        document["wasAssociatedWith"][f"_:{agent}/{name}"] = {
            "prov:activity": activity,
            "prov:agent": agent,
        }
    for kind, digest in _inputs(mask.events):
        source = f"review:{kind}/{digest}"
        document["entity"].setdefault(source, {"review:sha256": digest, "prov:type": kind})
        document["used"][f"_:{kind}/{digest[:12]}/{name}"] = {
            "prov:activity": activity,
            "prov:entity": source,
        }


def _tools(saves: Iterable[Event]) -> dict[str, dict[str, int]]:
    """Return how many edits and voxels were made with each tool, over all versions."""
    found: dict[str, dict[str, int]] = {}
    for event in saves:
        for tool, counts in event.get("tools", {}).items():
            ours = found.setdefault(tool, dict.fromkeys(counts, 0))
            for key, count in counts.items():
                ours[key] = ours.get(key, 0) + count
    return found


def _inputs(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Return kind and SHA-256 of image, first mask and weights that a mask was made from."""
    found = set()
    for event in events:
        used = event.get("used") or {}
        found |= {("image", used.get("image")), ("mask", used.get("mask_sha256"))}
        found |= {("weights", digest) for digest in used.get("weights", ())}
    return sorted((kind, digest) for kind, digest in found if digest)


def _agent(kind: str, label: str) -> dict[str, str]:
    return {"prov:type": kind, "prov:label": label}
