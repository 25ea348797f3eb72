"""Writes what runc is to run from a pod's manifest, as a kubelet and containerd would, so that the manifest itself is tested.

pod.py MANIFESTS KIND NAME BUNDLE SECCOMP [HOSTPATH=DIRECTORY ...]

MANIFESTS is what kustomize prints, BUNDLE what umoci has unpacked, and SECCOMP the default profile of container engines. Each path of the host that
the pod mounts is taken from DIRECTORY. Prints the commands of the startup, liveness and readiness probes, one a line.
"""

import json
import os
import pathlib
import sys

import yaml

manifests, kind, name, bundle, seccomp, *paths = sys.argv[1:]
bundle = pathlib.Path(bundle)
host = dict(path.split("=") for path in paths)
objects = [one for one in yaml.safe_load_all(pathlib.Path(manifests).read_text()) if one]
(workload,) = (one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)
pod = workload["spec"]["template"] if kind == "DaemonSet" else workload
spec = pod["spec"]
(container,) = spec["containers"]
config = json.loads((bundle / "config.json").read_text())
security = {**spec.get("securityContext", {}), **container["securityContext"]}


def write_config_map(wanted):
    """As the kubelet writes it: a directory for everybody, with links."""
    (data,) = (one["data"] for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == wanted)
    directory = bundle / "volumes" / wanted
    (directory / "..1").mkdir(parents=True, exist_ok=True)
    os.chmod(directory, 0o777)
    os.chmod(directory / "..1", 0o755)
    for file, text in data.items():
        (directory / "..1" / file).write_text(text)
        if not (directory / file).is_symlink():
            (directory / file).symlink_to("..data/" + file)
    if not (directory / "..data").is_symlink():
        (directory / "..data").symlink_to("..1")
    return str(directory)


def source(volume):
    if "configMap" in volume:
        return write_config_map(volume["configMap"]["name"])
    path = pathlib.Path(host[volume["hostPath"]["path"]])
    if volume["hostPath"]["type"] == "DirectoryOrCreate":
        path.mkdir(mode=0o755, exist_ok=True)
    assert path.is_file() if volume["hostPath"]["type"] == "File" else path.is_dir(), path
    return str(path)


def value(variable):
    if "value" in variable:
        return variable["value"]
    key = variable["valueFrom"]["fieldRef"]["fieldPath"].split("'")[1]
    return pod["metadata"]["labels"][key]


def allowed(rule, capabilities):
    """Whether a rule of the default profile is about containers with these capabilities on this machine."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
    return (
        (not includes.get("caps") or set(includes["caps"]) <= capabilities)
        and (not includes.get("arches") or machine in includes["arches"])
        and not set(excludes.get("caps", [])) & capabilities
        and machine not in excludes.get("arches", [])
    )


def profile(capabilities):
    default = json.loads(pathlib.Path(seccomp).read_text())
    rules = [
        {key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key)}
        for rule in default["syscalls"]
        if allowed(rule, capabilities)
    ]
    return {"defaultAction": default["defaultAction"], "defaultErrnoRet": default.get("defaultErrnoRet", 1), "syscalls": rules}


assert security["capabilities"]["drop"] == ["ALL"]
assert spec["securityContext"]["seccompProfile"] if "seccompProfile" not in container["securityContext"] else True
capabilities = ["CAP_" + one for one in security["capabilities"].get("add", [])]
process = config["process"]
process["terminal"] = False
process["args"] = container.get("command", process["args"])
process["env"] += [variable["name"] + "=" + value(variable) for variable in container.get("env", [])]
process["user"] = {
    "uid": security["runAsUser"],
    "gid": security.get("runAsGroup", 0),
    "additionalGids": security.get("supplementalGroups", []),
}
process["capabilities"] = {kind: capabilities for kind in ("bounding", "effective", "permitted")}
process.pop("oomScoreAdj", None)  # a kubelet sets it, and not everybody may
process.pop("rlimits", None)  # engines pass on what they have
process["noNewPrivileges"] = not security["allowPrivilegeEscalation"]
config["root"]["readonly"] = security["readOnlyRootFilesystem"]
config["hostname"] = name
config["mounts"] = [one for one in config["mounts"] if one["type"] != "cgroup"]
volumes = {volume["name"]: volume for volume in spec["volumes"]}
for mount in container["volumeMounts"]:
    options = ["rbind", "rprivate", "ro" if mount.get("readOnly") else "rw"]
    config["mounts"].append(
        {"destination": mount["mountPath"], "type": "bind", "source": source(volumes[mount["name"]]), "options": options}
    )
linux = config["linux"]
left = {"pid"} if spec.get("hostPID") else set()
linux["namespaces"] = [{"type": one} for one in ("pid", "network", "ipc", "uts", "mount") if one not in left]
linux.pop("uidMappings", None)
linux.pop("gidMappings", None)
linux["seccomp"] = profile(set(capabilities))
memory = container.get("resources", {}).get("limits", {}).get("memory")
if memory:
    linux["resources"]["memory"] = {"limit": int(memory.removesuffix("Mi")) << 20}
(bundle / "config.json").write_text(json.dumps(config, indent=2))
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    if probe in container:
        print(*container[probe]["exec"]["command"])
