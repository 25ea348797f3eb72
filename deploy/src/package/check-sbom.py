"""Whether a bill of materials is one, and says what is really there: check-sbom.py SBOM INSTALLATION [SCHEMAS.jar]"""

import hashlib
import json
import pathlib
import sys
import zipfile

sbom = json.loads(pathlib.Path(sys.argv[1]).read_text())
installation = pathlib.Path(sys.argv[2])

if len(sys.argv) > 3:
    import jsonschema

    with zipfile.ZipFile(sys.argv[3]) as schemas:
        schema, *others = (
            json.loads(schemas.read(name)) for name in ("bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json")
        )
    resolver = jsonschema.RefResolver.from_schema(schema, store={other["$id"]: other for other in others})
    jsonschema.Draft7Validator(schema, resolver=resolver).validate(sbom)


def files(components):
    for component in components:
        names = [one["value"] for one in component.get("properties", []) if one["name"] == "metakey:file"]
        if component["type"] == "file":
            names.append(component["name"])
        for name in names:
            yield name, component["hashes"][0]["content"]
        # The distribution's packages have their licenses in /usr/share/doc.
        if component["type"] != "file" and not component.get("purl", "").startswith("pkg:deb/"):
            assert component["licenses"], component["name"]
        yield from files(component.get("components", []))


said = dict(files(sbom["components"]))
lib = installation / "lib"
there = {str(file.relative_to(installation)) for file in lib.rglob("*") if file.suffix in (".jar", ".so")}
there.add("runtime/lib/modules")
there.update(said)
for name in sorted(there):
    assert name in said, f"{name} is in no component"
    is_there = hashlib.sha256((installation / name).read_bytes()).hexdigest()
    assert said[name] == is_there, f"{name} has another hash than its component says"
