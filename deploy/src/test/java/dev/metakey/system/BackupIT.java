package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Backups and maintenance, as an admin does them. */
class BackupIT {
  @RegisterExtension final Host host = new Host();

  private Ran register(String name) throws Exception {
    return host.cli("register", name, "--size", "2", "--service", "edge");
  }

  private String registryId() throws Exception {
    return host.cli("status", "-o", "json")
        .out()
        .replaceAll("(?s).*registry_id\": \"(.*?)\".*", "$1");
  }

  @Test
  void backup_whenRestored_bringsNamesBackAndOutlastsKills() throws Exception {
    DaemonProcess daemon = host.start();
    Path backup = host.root().resolve("a.backup");
    register("edge.hop").ok();
    register("edge.zone").ok();
    host.cli("backup", backup.toString()).ok();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
        .isEqualTo("rw-------");
    String before = registryId();
    host.cli("release", "edge.hop", "--now").refuses(7, "cannot be seen");
    host.cli("release", "edge.hop").ok();
    register("edge.later").ok();
    daemon.kill();
    daemon = host.start();

    host.cli("restore", backup.toString()).refuses(7, "--nothing-loaded");
    Ran shown = host.cli("restore", backup.toString(), "--nothing-loaded");
    assertThat(shown.exit()).isEqualTo(11);
    assertThat(shown.out())
        .contains("edge.hop", "edge.later", "retired")
        .doesNotContain("edge.zone");
    assertThat(shown.err()).contains("nothing was changed", "--yes");
    assertThat(registryId()).isEqualTo(before);
    host.cli("restore", backup.toString(), "--nothing-loaded", "--yes").ok();
    daemon.kill();

    host.start();
    assertThat(registryId()).isNotEqualTo(before);
    assertThat(host.cli("list", "--state", "active", "-o", "name").ok().out())
        .contains("edge.hop", "edge.zone")
        .doesNotContain("edge.later");
    assertThat(host.cli("history", "-o", "table").ok().out()).contains("created", "recovered");
    assertThat(register("edge.later").ok().out()).contains("existing");
    host.cli("status").ok();
    assertThat(host.cli("restore", backup.toString(), "--nothing-loaded").exit()).isEqualTo(11);
  }

  @Test
  void backup_whileServicesRegister_isAlwaysWhole() throws Exception {
    host.start();
    List<Path> backups = new ArrayList<>();
    AtomicBoolean stop = new AtomicBoolean();
    Thread service =
        new Thread(
            () -> {
              try (MetakeyClient client =
                  MetakeyClient.builder().socket(host.socket()).service("edge").connect()) {
                for (int i = 0; !stop.get(); i++) {
                  client.register(FieldSpec.of("edge.f" + i % 32, 2));
                  client.register(FieldSpec.of("edge.f" + (i + 16) % 32, 2));
                  client.release("edge.f" + (i + 16) % 32);
                }
              }
            });
    service.start();
    try {
      for (int i = 0; i < 8; i++) {
        backups.add(host.root().resolve(i + ".backup"));
        host.cli("backup", backups.get(i).toString()).ok();
      }
    } finally {
      stop.set(true);
      service.join();
    }
    for (Path backup : backups) {
      host.cli("restore", backup.toString(), "--nothing-loaded", "--yes").ok();
      Ran again = host.cli("restore", backup.toString(), "--nothing-loaded").ok();
      assertThat(again.err()).contains("as the backup says");
    }
  }

  @Test
  void backup_whenAllDataIsLost_isWhatADaemonBeginsWith() throws Exception {
    DaemonProcess daemon = host.start();
    Path backup = host.root().resolve("a.backup");
    register("edge.hop").ok();
    host.cli("backup", backup.toString()).ok();
    assertThat(daemon.terminate()).isZero();
    Host.delete(host.data());
    Host.delete(host.run());

    host.start("--recover-from", backup.toString());
    assertThat(host.cli("list", "-o", "wide").ok().out()).contains("edge.hop", "edge (uid 0)");
  }

  @Test
  void readOnly_whenOn_refusesChangesUntilAnAdminTurnsItOff() throws Exception {
    DaemonProcess daemon = host.start();
    register("edge.hop").ok();
    host.cli("read-only", "on", "--reason", "moving the disk").ok();
    register("edge.zone").refuses(7, "moving the disk", "metakey read-only off");
    register("edge.hop").ok();
    daemon.kill();

    host.start();
    Ran status = host.cli("status");
    assertThat(status.exit()).isEqualTo(10);
    assertThat(status.out()).contains("moving the disk");
    register("edge.zone").refuses(7, "metakey read-only off");
    host.cli("read-only", "off").ok();
    register("edge.zone").ok();
    host.cli("status").ok();
  }
}
