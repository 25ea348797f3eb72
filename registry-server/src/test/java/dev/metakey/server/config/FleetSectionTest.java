package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.domain.Prefixes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FleetSectionTest {
  @TempDir private Path directory;
  private Path secret;

  @BeforeEach
  void makeFile() throws IOException {
    secret = Files.writeString(directory.resolve("secret"), "word\n");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r-----"));
  }

  private Read<Config> read(String yaml) throws IOException {
    return ConfigFile.read(Files.writeString(directory.resolve("metakeyd.yaml"), yaml));
  }

  @Test
  void read_takesEverything() throws IOException {
    Read<Config> read =
        read(
            """
            fleet:
              name: production
              endpoints: [etcd-1.example:2379, "[fd00::1]:2379"]
              tls: {ca: FILE, cert: FILE, key: FILE}
              user: metakey
              password_file: FILE
              prefixes: [edge., shared]
              ids: 8-39
              away: local
              timeout: 500ms
              quarantine: 2h
              names_per_host: 20
              names_per_service: 5
            """
                .replace("FILE", secret.toString()));

    assertThat(read.faults()).isEmpty();
    assertThat(read.value().fleet())
        .contains(
            new Config.Fleet(
                "production",
                List.of("etcd-1.example:2379", "[fd00::1]:2379"),
                Optional.of(new Config.Tls(secret, Optional.of(secret), Optional.of(secret))),
                "metakey",
                Optional.of(secret),
                new Prefixes(false, List.of("edge.", "shared")),
                "8-39",
                true,
                500,
                7_200_000,
                20,
                5));
  }

  @Test
  void read_needsNameAndEndpointsOnly() throws IOException {
    Config.Fleet fleet =
        read("fleet: {name: a, endpoints: [127.0.0.1:2379]}").value().fleet().orElseThrow();

    assertThat(fleet.prefixes()).isEqualTo(Prefixes.ALL);
    assertThat(fleet.firstId()).isZero();
    assertThat(fleet.lastId()).isEqualTo(47);
    assertThat(fleet.localWhenAway()).isFalse();
    assertThat(fleet.hostNames()).isEqualTo(32);
    assertThat(fleet.serviceNames()).isEqualTo(16);
  }

  @Test
  void read_whenNothingIsSaid_hasNoFleet() throws IOException {
    assertThat(read("area: 64\n").value().fleet()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "endpoints: [a:1]                        | :1: key 'name' is missing",
        "name: a                                 | :1: where etcd is asked is missing",
        "name: A, endpoints: [a:1]               | :1: name: 'A' is no name of a fleet",
        "name: a, endpoints: [a]                 | :1: endpoints: 'a' is not HOST:PORT",
        "name: a, endpoints: ['http://a:1']      | :1: endpoints: 'http://a:1' is not HOST:PORT",
        "name: a, endpoints: [a:0]               | :1: endpoints: 0 is out of range",
        "name: a, endpoints: [a:1], ids: 9-3     | :1: ids: '9-3' is no range of ids",
        "name: a, endpoints: [a:1], ids: 0-64    | :1: ids: '0-64' is no range of ids",
        "name: a, endpoints: [a:1], away: no     | :1: away: 'no' is neither 'refuse' nor 'local'",
        "name: a, endpoints: [a:1], timeout: 1ms | :1: timeout: 1ms is out of range",
        "name: a, endpoints: [a:1], user: u      | :1: user: 'user' and 'password_file' belong",
        "name: a, endpoints: [a:1], tls: {}      | :1: key 'ca' is missing",
        "name: a, endpoints: [a:1], prefixes: [] | :1: prefixes: an empty list",
        "name: a, endpoints: [a:1], names_per_host: 0     | :1: names_per_host: 0 is out of range; allowed: 1 to 64",
        "name: a, endpoints: [a:1], names_per_service: x  | :1: names_per_service: 'x' is not a number",
        "name: a, endpoints: [a:1], nothing: 1   | :1: unknown key 'nothing'",
      })
  void read_saysWhatIsWrong(String fleet, String fault) throws IOException {
    assertThat(read("fleet: {" + fleet + "}").faults())
        .anyMatch(each -> each.contains(fault), fault);
  }

  @Test
  void read_refusesAPasswordThatEverybodyMayRead() throws IOException {
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r--r--"));

    assertThat(
            read("fleet: {name: a, endpoints: [a:1], user: u, password_file: " + secret + "}")
                .faults())
        .anyMatch(fault -> fault.contains("can be read by everybody"));
  }
}
