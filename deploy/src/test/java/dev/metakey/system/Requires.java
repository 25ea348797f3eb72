package dev.metakey.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What some tests need of the machine; without it they are skipped, and say what is missing. */
final class Requires {
  private static final Pattern SERVICE_OR_CONTAINER =
      Pattern.compile("\\.service(/|$)|[0-9a-f]{64}|/lxc|machine-");

  /** Where Debian puts the sources of Go's libraries. */
  static final Path GO_LIBRARIES = Path.of("/usr/share/gocode");

  private Requires() {}

  /** The words before a command that is to run as nobody. */
  static List<String> nobody() throws IOException {
    root();
    assumeTrue(isInstalled("setpriv"), "missing: setpriv (util-linux)");
    return new ArrayList<>(
        List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"));
  }

  static void root() throws IOException {
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    assumeTrue(
        uid == 0, "missing: root; this test changes users, mounts file systems or loads programs");
  }

  /** Root that may mount. */
  static void mounts() throws Exception {
    root();
    Ran tried = Ran.of(new ProcessBuilder("unshare", "--mount", "true"), Host.PATIENCE);
    assumeTrue(tried.exit() == 0, "missing: CAP_SYS_ADMIN; this test mounts a small file system");
  }

  /** Cgroups that can be made; {@code deploy/test.sh} finds out where they cannot. */
  static void cgroups() throws Exception {
    root();
    assumeTrue(!Cgroups.hierarchies().isEmpty(), "missing: cgroups");
    for (Path hierarchy : Cgroups.hierarchies()) {
      assumeTrue(Files.isWritable(hierarchy), "missing: cgroups that can be made");
      Path tried = hierarchy.resolve("metakey-it-tried");
      try {
        Files.deleteIfExists(tried);
        Files.createDirectory(tried);
        Files.delete(tried);
      } catch (IOException refused) {
        assumeTrue(false, "missing: cgroups that can be made");
      }
    }
  }

  static void loopDevices() throws Exception {
    mounts();
    assumeTrue(isInstalled("mkfs.ext4"), "missing: mkfs.ext4 (e2fsprogs)");
    Ran tried = Ran.of(new ProcessBuilder("losetup", "--find"), Host.PATIENCE);
    assumeTrue(tried.exit() == 0, "missing: loop devices");
  }

  /** The service that we claim counts only if our cgroup does not name one. */
  static void claimedServices() throws IOException {
    String cgroup = Files.readString(Path.of("/proc/self/cgroup"));
    assumeTrue(
        !SERVICE_OR_CONTAINER.matcher(cgroup).find(),
        "missing: a cgroup outside of services and containers; here the daemon believes that, and no claim");
  }

  /** Programs for the kernel: the right to load them, and what compiles them and their loaders. */
  static void bpf() throws Exception {
    mounts();
    assumeTrue(
        Files.exists(Path.of("/sys/kernel/btf/vmlinux")),
        "missing: a kernel with BTF; this test loads BPF programs");
    assumeTrue(isInstalled("clang"), "missing: clang");
    assumeTrue(isInstalled("cc"), "missing: a C compiler (gcc)");
    assumeTrue(isInstalled("bpftool"), "missing: bpftool");
    assumeTrue(
        Files.exists(Path.of("/usr/include/bpf/libbpf.h")),
        "missing: the headers of libbpf (libbpf-dev)");
    Ran maps = Ran.of(new ProcessBuilder("bpftool", "map", "list"), Host.PATIENCE);
    assumeTrue(maps.exit() == 0, "missing: a kernel that lets root call bpf(2)");
  }

  /** What compiles programs for the kernel, which need not run. */
  static void clang() {
    assumeTrue(isInstalled("clang"), "missing: clang");
  }

  /** What generates Python stubs and runs them; deploy/test.sh puts it there. */
  static void pythonGrpc(Path python) throws Exception {
    assumeTrue(Files.isExecutable(python), "missing: grpcio-tools for Python");
    Ran tried =
        Ran.of(
            new ProcessBuilder(
                python.toString(), "-c", "import grpc_tools, grpc, google.rpc.status_pb2"),
            Host.PATIENCE);
    assumeTrue(tried.exit() == 0, "missing: grpcio-tools for Python");
  }

  /** What Node needs; deploy/test.sh puts it there. */
  static void nodeGrpc(Path modules) {
    assumeTrue(
        isInstalled("node") && Files.isDirectory(modules.resolve("@grpc/proto-loader")),
        "missing: grpc-js for Node");
  }

  /**
   * Where what drives a browser is, and looks whether everybody can use a page; deploy/test.sh puts
   * it there.
   */
  static Path browser() {
    String named = System.getenv("METAKEY_TEST_BROWSER");
    Path place =
        named == null
            ? Path.of(System.getProperty("user.home"), ".cache/metakey/browser")
            : Path.of(named);
    assumeTrue(
        isInstalled("node")
            && isInstalled("chromium")
            && Files.isDirectory(place.resolve("node_modules/puppeteer-core"))
            && Files.isDirectory(place.resolve("node_modules/axe-core")),
        "missing: chromium, or puppeteer-core and axe-core for Node");
    return place;
  }

  /** What generates stubs for Go and compiles them; deploy/test.sh installs it. */
  static void goGrpc() {
    assumeTrue(
        isInstalled("go")
            && isInstalled("protoc")
            && isInstalled("protoc-gen-go")
            && isInstalled("protoc-gen-go-grpc")
            && Files.isDirectory(GO_LIBRARIES.resolve("src/google.golang.org/grpc")),
        "missing: grpc for Go");
  }

  /** What a loader in Go is built with; deploy/test.sh installs it. */
  static void ciliumEbpf() {
    assumeTrue(
        isInstalled("go") && Files.isDirectory(GO_LIBRARIES.resolve("src/github.com/cilium/ebpf")),
        "missing: cilium/ebpf for Go");
  }

  /** A Debian to boot under a systemd of its own; deploy/test.sh makes it. */
  static Path debian() throws Exception {
    mounts();
    String named = System.getenv("METAKEY_TEST_ROOT");
    Path debian =
        named == null
            ? Path.of(System.getProperty("user.home"), ".cache/metakey/root-bookworm")
            : Path.of(named);
    assumeTrue(
        isInstalled("systemd-nspawn") && Files.isDirectory(debian.resolve("usr/lib/systemd")),
        "missing: a Debian to boot in a container (systemd-nspawn, and what set_up_root in deploy/lib.sh makes)");
    return debian;
  }

  /** What renders manifests for Kubernetes. */
  static void kustomize() throws Exception {
    assumeTrue(isInstalled("kubectl"), "missing: kubectl");
    ProcessBuilder help = new ProcessBuilder("kubectl", "kustomize", "--help");
    assumeTrue(Ran.of(help, Host.PATIENCE).exit() == 0, "missing: a kubectl that has kustomize");
  }

  static void program(String name) {
    assumeTrue(isInstalled(name), "missing: " + name);
  }

  /** Prometheus' tool: in the PATH, or where {@code deploy/test.sh} has unpacked it. */
  static List<String> promtool() {
    String unpacked = System.getenv("METAKEY_TEST_PROMETHEUS");
    if (unpacked != null && Files.isExecutable(Path.of(unpacked, "promtool"))) {
      return new ArrayList<>(List.of(unpacked + "/promtool"));
    }
    assumeTrue(isInstalled("promtool"), "missing: promtool (prometheus)");
    return new ArrayList<>(List.of("promtool"));
  }

  /** Where etcd and etcdctl are: {@code deploy/test.sh} unpacks them. */
  static Path etcd() {
    String unpacked = System.getenv("METAKEY_TEST_ETCD");
    Path place =
        unpacked == null
            ? Path.of(System.getProperty("user.home"), ".cache/metakey/etcd/usr/bin")
            : Path.of(unpacked);
    assumeTrue(
        Files.isExecutable(place.resolve("etcd")) && Files.isExecutable(place.resolve("etcdctl")),
        "missing: etcd and etcdctl (etcd-server, etcd-client)");
    return place;
  }

  static boolean isInstalled(String program) {
    return List.of(System.getenv("PATH").split(":")).stream()
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }
}
