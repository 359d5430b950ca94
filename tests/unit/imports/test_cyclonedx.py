"""CycloneDX documents, as others published them and as nobody should: products, services, what they need."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from scanners.cyclonedx_import import CycloneDxParser
from tests.shared import fixtures_path

DOCUMENTS = (
    "cbom-example-with-dependencies.cdx.json",
    "cern-lhc-vdm-editor-e564943.cdx.json",
    "dropwizard-1.3.15.cdx.xml",
    "laravel-7.12.0.cdx.json",
    "proton-bridge-v1.6.3.cdx.json",
    "saasbom-apigateway-microservices-datastores.cdx.json",
)


def read(raw: bytes | str, **options: str) -> Batch:
    batch = Batch()
    data = raw.encode() if isinstance(raw, str) else raw
    CycloneDxParser().read(io.BytesIO(data), name="bom", into=batch, options=options)
    return batch


def bom(**rest: Any) -> str:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", **rest})


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_published_document_gives_what_is_expected_of_it(name: str) -> None:
    stem = name.rpartition(".cdx.")[0]
    expected = json.loads((fixtures_path("sbom") / f"{stem}.expected.json").read_text(encoding="utf-8"))
    batch = read((fixtures_path("sbom") / name).read_bytes())
    classes = Counter(draft.class_name for draft in batch.drafts)
    assert batch.refused == []
    assert classes == {
        key: count
        for key, count in {
            "application": 1,
            "software_product": expected["n_components"],
            "application_service": expected["n_services"],
        }.items()
        if count
    }
    products = [draft for draft in batch.drafts if draft.class_name == "software_product"]
    assert Counter(draft.attributes["category"] for draft in products) == expected["component_types"]
    assert (
        len({draft.attributes["purl"] for draft in products if "purl" in draft.attributes})
        == expected["n_unique_purls"]
    )
    for number, key in ((0, "first_component"), (-1, "last_component")):
        if (wanted := expected[key]) is not None:
            draft = products[number]
            assert draft.attributes.get("version") == wanted["version"]
            assert draft.attributes.get("purl") == wanted["purl"]
            assert wanted["name"] in str(draft.name)
    links = Counter(link.type for link in batch.links)
    assert links["DEPENDS_ON"] == expected["n_dependency_edges"] - expected["n_dangling_refs"]
    assert links["INSTALLED_ON"] == expected["n_components"]
    top = expected["top_component"]
    assert batch.drafts[0].name in (
        top["name"],
        f"{top.get('group')}:{top['name']}",
        f"{top.get('group')}/{top['name']}",
    )


def test_the_same_document_in_xml_and_in_json_is_the_same() -> None:
    as_json = bom(
        metadata={"component": {"type": "application", "bom-ref": "a", "name": "shop", "version": "2"}},
        components=[
            {
                "type": "library",
                "bom-ref": "l",
                "group": "org.example",
                "name": "core",
                "version": "1.0",
                "purl": "pkg:maven/org.example/core@1.0",
                "licenses": [{"license": {"id": "MIT"}}],
                "components": [{"type": "library", "bom-ref": "m", "name": "inner", "version": "3"}],
            }
        ],
        services=[{"bom-ref": "s", "name": "pay", "endpoints": ["https://pay.example.net"]}],
        dependencies=[{"ref": "a", "dependsOn": ["l", "gone"]}],
    )
    as_xml = """<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
      <metadata><component type="application" bom-ref="a"><name>shop</name><version>2</version></component></metadata>
      <components><component type="library" bom-ref="l"><group>org.example</group><name>core</name><version>1.0</version>
        <licenses><license><id>MIT</id></license></licenses><purl>pkg:maven/org.example/core@1.0</purl>
        <components><component type="library" bom-ref="m"><name>inner</name><version>3</version></component></components>
      </component></components>
      <services><service bom-ref="s"><name>pay</name><endpoints><endpoint>https://pay.example.net</endpoint></endpoints></service></services>
      <dependencies><dependency ref="a"><dependency ref="l"/><dependency ref="gone"/></dependency></dependencies></bom>"""
    one, other = read(as_json), read(as_xml)
    assert (one.drafts, one.links, one.scopes) == (other.drafts, other.links, other.scopes)
    assert [draft.name for draft in one.drafts] == ["shop", "org.example:core", "inner", "pay"]
    assert one.warnings == ["bom: 1 dependencies name components that the document has not; left out"]


def test_a_debian_package_is_the_product_that_dpkg_reports() -> None:
    purl = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64"
    batch = read(bom(components=[{"type": "library", "name": "openssl", "version": "3.0.11-1", "purl": purl}]))
    assert (batch.drafts[0].name, batch.drafts[0].attributes["package_type"]) == ("openssl", "dpkg")


def test_software_of_a_machine_is_installed_on_it() -> None:
    batch = read(
        bom(
            metadata={"component": {"type": "operating-system", "name": "debian", "version": "12"}},
            components=[{"type": "library", "name": "zlib", "version": "1.2"}],
        ),
        installed_on="server:db1",
    )
    assert {draft.class_name for draft in batch.drafts} == {"software_product"}
    assert [(link.type, link.target, link.is_by_key) for link in batch.links] == [
        ("INSTALLED_ON", "server:db1", True)
    ] * 2


@pytest.mark.parametrize(
    "raw",
    [
        "{}",
        '{"bomFormat": "SPDX", "specVersion": "1.4"}',
        '{"bomFormat": "CycloneDX", "specVersion": "2.0"}',
        "[]",
        "<bom/>",
        '<!DOCTYPE b [<!ENTITY x "y">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>',
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.4">' + "<a>" * 101 + "</a>" * 101 + "</bom>",
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.4">',
        "",
    ],
)
def test_what_is_no_document_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        read(raw)


def test_a_component_without_a_name_is_refused_and_the_rest_lands() -> None:
    batch = read(
        bom(components=[{"type": "library", "bom-ref": "x"}, {"type": "library", "name": "b", "version": "1"}])
    )
    assert [draft.name for draft in batch.drafts] == ["b"]
    assert [refused.local_id for refused in batch.refused] == ["x"]
