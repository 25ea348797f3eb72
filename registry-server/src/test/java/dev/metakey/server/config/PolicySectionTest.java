package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.domain.PeerMatch;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.Right;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicySectionTest {
  @TempDir private Path directory;

  private Read<Config> read(String yaml) throws IOException {
    return ConfigFile.read(Files.writeString(directory.resolve("metakeyd.yaml"), yaml));
  }

  @Test
  void read_whenRulesAreThere_takesThemInOrderBeforeTheBuiltInOnes() throws IOException {
    Read<Config> read =
        read(
            """
            policy:
              - rule: edge
                unit: edge-*.service
                uid: [1000, 4294967294]
                gid: [metakey, 7]
                claim: tracer
                cgroup: /kubepods.slice/*
                allow:
                  read: all
                  register: [edge., trace.id]
                  release: edge.
                  link: all
                  admin: none
                quota: {ids: 16, slot_bytes: 64, waits: 1, watches: 2, connections: 3, calls_a_second: 4}
              - rule: banned
                uid: 1001
                allow: none
              - rule: rest
                allow: all
            """);

    assertThat(read.faults()).isEmpty();
    List<PolicyRule> rules = read.value().access().policy().rules();
    assertThat(rules).hasSize(3 + Policy.DEFAULT.rules().size()).endsWith(last());
    assertThat(rules.get(0))
        .isEqualTo(
            new PolicyRule(
                "edge",
                directory.resolve("metakeyd.yaml") + ":2",
                new PeerMatch(
                    Set.of(1000, -2),
                    Set.of(7),
                    Set.of("metakey"),
                    List.of("edge-*.service"),
                    List.of("tracer"),
                    List.of("/kubepods.slice/*")),
                Map.of(
                    Right.READ, Prefixes.ALL,
                    Right.REGISTER, new Prefixes(false, List.of("edge.", "trace.id")),
                    Right.RELEASE, new Prefixes(false, List.of("edge.")),
                    Right.LINK, Prefixes.ALL,
                    Right.ADMIN, Prefixes.NONE),
                new Quota(16, 64, 1, 2, 3, 4)));
    assertThat(rules.get(1).allowedText()).isEqualTo("nothing");
    assertThat(rules.get(1).quota()).isEqualTo(Quota.DEFAULT);
    assertThat(rules.get(2).allowedText())
        .isEqualTo(
            "read of all names, register of all names, link of all names, release of all names");
  }

  private static PolicyRule last() {
    List<PolicyRule> builtIn = Policy.DEFAULT.rules();
    return builtIn.get(builtIn.size() - 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{allow: all} | 2: key 'rule' is missing",
        "{rule: a} | key 'allow' is missing; 'allow: none' allows nothing",
        "{rule: a, alow: all} | 2: unknown key 'alow'",
        "{rule: a, allow: some} | 2: allow: 'some' is neither 'all' (but admin) nor 'none'",
        "{rule: a, allow: {wriet: all}} | 2: unknown key 'wriet'; allowed: [read, register, link",
        "{rule: a, allow: {register: [Edge]}} | register: 'Edge' begins no name",
        "{rule: a, allow: {register: [all, edge]}} | register: 'all' and 'none' stand alone",
        "{rule: a, allow: {link: edge.}} | link: there is one tag for all names",
        "{rule: a, allow: all, uid: root} | uid: 'root' is not a number; 'id -u USER'",
        "{rule: a, allow: all, uid: 4294967295} | uid: 4294967295 is out of range",
        "{rule: a, allow: all, uid: []} | uid: the list is empty",
        "{rule: a, allow: all, gid: -1} | gid: '-1' is neither",
        "{rule: a, allow: all, unit: edge} | unit: 'edge' is no service unit",
        "{rule: a, allow: all, cgroup: x} | cgroup: 'x' is no path",
        "{rule: a, allow: all, claim: ''} | claim: it is empty",
        "{rule: a, allow: all, quota: {ids: 65}} | ids: 65 is out of range; allowed: 0 to 64",
        "{rule: a, allow: all, quota: {id: 6}} | unknown key 'id'; allowed: [ids, slot_bytes",
        "{rule: a, allow: all, quota: 5} | 2: 'key: value' lines are expected here",
      })
  void read_whenARuleIsWrong_saysWhereAndWhatIsAllowed(String rule, String says)
      throws IOException {
    assertThat(read("policy:\n  - " + rule + "\n").faults().toString()).contains(says);
  }

  @Test
  void read_whenTwoRulesHaveOneName_isRefused() throws IOException {
    Read<Config> read = read("policy:\n  - {rule: a, allow: all}\n  - {rule: a, allow: none}\n");
    assertThat(read.faults()).singleElement().asString().contains(":3: rule: there is another");
  }
}
