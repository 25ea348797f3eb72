package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Orphan.OwnerState;
import dev.metakey.model.Owner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether a host still has an owner. */
class OwnerLookTest {
  @TempDir private Path root;

  private OwnerState unit(String name) {
    return new OwnerLook(root).stateOf(Owner.unit(name));
  }

  private void boot() throws IOException {
    Files.createDirectories(root.resolve("run/systemd/system"));
  }

  private void make(String file) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.createFile(path);
  }

  @Test
  void unit_isThereAsLongAsItsFileIs() throws Exception {
    boot();
    assertThat(unit("edge.service")).isEqualTo(OwnerState.GONE);

    make("etc/systemd/system/edge.service");
    assertThat(unit("edge.service")).isEqualTo(OwnerState.THERE);
    make("run/systemd/transient/run-u42.service");
    assertThat(unit("run-u42.service")).isEqualTo(OwnerState.THERE);
  }

  @Test
  void unit_whenItIsAnInstance_isThereWithItsTemplate() throws Exception {
    boot();
    make("usr/lib/systemd/system/edge@.service");

    assertThat(unit("edge@eth0.100.service")).isEqualTo(OwnerState.THERE);
    assertThat(unit("other@eth0.service")).isEqualTo(OwnerState.GONE);
  }

  /** In a container, say: the host's units are not to be seen there. */
  @Test
  void unit_whereSystemdDoesNotRun_isUnknown() {
    assertThat(unit("edge.service")).isEqualTo(OwnerState.UNKNOWN);
  }

  @Test
  void claim_isUnknown() throws Exception {
    boot();
    OwnerLook look = new OwnerLook(root);

    assertThat(look.stateOf(new Owner(1000, "tracer"))).isEqualTo(OwnerState.UNKNOWN);
    assertThat(look.stateOf(Owner.container("web"))).isEqualTo(OwnerState.UNKNOWN);
  }
}
