package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Layout;
import dev.metakey.server.log.LogFormat;
import dev.metakey.server.log.LogLevel;
import dev.metakey.server.log.LogSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void file() {
    file = directory.resolve("metakeyd.yaml");
  }

  private Config read(String yaml) throws ConfigException {
    try {
      Files.writeString(file, yaml);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return sound(ConfigFile.read(file));
  }

  private static Config sound(Read<Config> read) throws ConfigException {
    if (!read.faults().isEmpty()) {
      throw new ConfigException(read.faults().get(0));
    }
    return read.value();
  }

  /** The message, after the file's name. */
  private String fault(String yaml) {
    String[] message = new String[1];
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOfSatisfying(ConfigException.class, e -> message[0] = e.getMessage());
    assertThat(message[0]).startsWith(file + ":");
    return message[0].substring(file.toString().length() + 1);
  }

  @Test
  void read_whenEveryKeyIsSaid_takesThemAll() throws ConfigException {
    Config config =
        read(
            """
            # all of them
            socket: /tmp/m.sock
            data: /tmp/data
            run: /tmp/run
            bpffs: /tmp/bpf
            layout: packed
            area: 64
            quarantine: 90s
            history:
              keep: 5
              days: 3
            publish:
              keys: false
              registry.bin: true
            programs: none
            launchers:
              - ci-runner.service
              - ci@*.service
            """);

    assertThat(config)
        .isEqualTo(
            new Config(
                new Config.Paths(
                    Path.of("/tmp/m.sock"),
                    Path.of("/tmp/data"),
                    Path.of("/tmp/run"),
                    "/tmp/bpf",
                    directory.resolve("keys.d")),
                Layout.PACKED,
                64,
                90_000,
                new Config.History(5, 3),
                new Config.Publish(false, true, true),
                Config.Programs.NONE,
                List.of("ci-runner.service", "ci@*.service"),
                Config.Access.DEFAULT,
                Config.Monitoring.NONE));
    assertThat(config.history().ageMs()).isEqualTo(Duration.ofDays(3).toMillis());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "null\n", "{}\n", "area:\nhistory:\n"})
  void read_whenNothingIsSaid_takesTheDefaults(String yaml) throws ConfigException {
    Config defaults = Config.defaults();
    Config.Paths paths = defaults.paths();

    assertThat(read(yaml))
        .isEqualTo(
            defaults.withPaths(
                new Config.Paths(
                    paths.socket(),
                    paths.data(),
                    paths.run(),
                    paths.bpffs(),
                    directory.resolve("keys.d"))));
  }

  @Test
  void defaults_areThoseOfTheDesign() {
    assertThat(Config.defaults())
        .isEqualTo(
            new Config(
                new Config.Paths(
                    Path.of("/run/metakey/metakeyd.sock"),
                    Path.of("/var/lib/metakey"),
                    Path.of("/run/metakey"),
                    "/sys/fs/bpf/metakey",
                    Path.of("/etc/metakey/keys.d")),
                Layout.SLOTTED,
                128,
                600_000,
                new Config.History(100_000, 90),
                Config.Publish.ALL,
                Config.Programs.KERNEL,
                List.of(),
                Config.Access.DEFAULT,
                Config.Monitoring.NONE));
  }

  @Test
  void read_whenPathIsRelative_findsKeysDirectoryBesideItUnderOneName() throws Exception {
    Files.writeString(file, "");
    Path detour = directory.resolve("x/../metakeyd.yaml");
    Files.createDirectory(directory.resolve("x"));

    assertThat(ConfigFile.read(detour).value().paths().keysDirectory())
        .isEqualTo(directory.resolve("keys.d"));
  }

  @Test
  void read_whenHistoryIsHalfSaid_keepsTheOtherDefault() throws ConfigException {
    assertThat(read("history: {days: 1}").history()).isEqualTo(new Config.History(100_000, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cron", "'*.service'", "a*b*.service", "a/b.service", "docker.scope"})
  void read_whenALauncherIsNoUnit_saysWhere(String launcher) {
    assertThatThrownBy(() -> read("area: 128\nlaunchers:\n  - ok.service\n  - " + launcher + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(":4: launchers: ")
        .hasMessageContaining("is not a unit; write names like ci-runner.service");
  }

  @Test
  void read_whenLaunchersAreNoList_saysSo() {
    assertThatThrownBy(() -> read("launchers: ci-runner.service"))
        .hasMessageContaining(":1: 'launchers' must be a list ('- value')");
  }

  @Test
  void read_whenMapsAreOff_saysNone() throws ConfigException {
    assertThat(read("bpffs: none").paths().bpffs()).isEqualTo("none");
  }

  @Test
  void read_whenKeyIsUnknown_namesLineAndWhatIsAllowed() {
    assertThat(fault("area: 64\n\nsokcet: /tmp/x\n"))
        .isEqualTo(
            "3: unknown key 'sokcet'; allowed: [socket, data, run, bpffs, layout, area, quarantine,"
                + " history, publish, programs, launchers, policy, socket_access, limits, metrics, fleet, log]");
    assertThat(fault("history:\n  keep: 3\n  years: 1\n"))
        .isEqualTo("3: unknown key 'years'; allowed: [keep, days, journal]");
  }

  @Test
  void read_whenLogIsSaid_takesLevelAndFormat() throws ConfigException {
    assertThat(read("log: {level: debug, format: json}").monitoring().log())
        .isEqualTo(new LogSettings(LogLevel.DEBUG, LogFormat.JSON));
    assertThat(read("log: {level: error}").monitoring().log())
        .isEqualTo(new LogSettings(LogLevel.ERROR, LogFormat.TEXT));
  }

  @Test
  void read_whenKeyIsThereTwice_namesTheSecondLine() {
    assertThat(fault("area: 64\narea: 64\n")).isEqualTo("2: key 'area' is there twice");
    assertThat(fault("history: {keep: 1, keep: 2}\n")).isEqualTo("1: key 'keep' is there twice");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          socket: metakeyd.sock       | socket: 'metakeyd.sock' is not an absolute path
          socket: 5                   | socket: '5' is not an absolute path
          socket: ""                  | socket: '' is not an absolute path
          data: [/a, /b]              | one value is expected here
          run: {a: b}                 | one value is expected here
          bpffs: off                  | bpffs: 'off' is not an absolute path
          layout: slots               | layout: layout 'slots' is not known; allowed: slotted, packed
          layout: SLOTTED             | layout: layout 'SLOTTED' is not known; allowed: slotted, packed
          area: wide                  | area: 'wide' is not a number
          area: 1.5                   | area: '1.5' is not a number
          area: true                  | area: 'true' is not a number
          area: 99999999999999999999  | area: '99999999999999999999' is not a number
          quarantine: 10              | quarantine: '10' is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d
          quarantine: 10 m            | quarantine: '10 m' is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d
          quarantine: -1s             | quarantine: '-1s' is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d
          quarantine: 1w              | quarantine: '1w' is not a duration; allowed: a whole number with a unit, like 500ms, 30s, 10m, 24h or 7d
          quarantine: 367d            | quarantine: '367d' is too long; a duration is 366d at most
          quarantine: 999999999h      | quarantine: '999999999h' is too long; a duration is 366d at most
          history: 5                  | 'key: value' lines are expected here; allowed keys: [keep, days, journal]
          history: [1]                | 'key: value' lines are expected here; allowed keys: [keep, days, journal]
          history: {keep: 0}          | keep: 0 is out of range; allowed: 1 to 100000000
          publish: {keys: no}         | keys: 'no' is neither true nor false
          log: {level: loud}          | level: level 'loud' is not known; allowed: error, warning, info, debug
          log: {format: xml}          | format: format 'xml' is not known; allowed: text, json
          log: {file: /tmp/x}         | unknown key 'file'; allowed: [level, format]
          history: {days: 36501}      | days: 36501 is out of range; allowed: 1 to 36500
          """)
  void read_whenValueIsWrong_namesLineAndWhatIsAllowed(String line, String fault) {
    assertThat(fault("# a comment\n" + line + "\n")).isEqualTo("2: " + fault);
  }

  @ParameterizedTest
  @ValueSource(strings = {"- area\n", "just words\n", "5\n"})
  void read_whenFileIsNoMapping_saysWhatIsExpected(String yaml) {
    assertThat(fault(yaml)).startsWith("1: 'key: value' lines are expected here; allowed keys: [");
  }

  @ParameterizedTest
  @CsvSource({"24", "32", "128", "208", "216"})
  void read_whenAreaIsAllowed_takesIt(int area) throws ConfigException {
    assertThat(read("area: " + area).areaBytes()).isEqualTo(area);
  }

  @ParameterizedTest
  @CsvSource({
    "16, area: 16 is out of range; allowed: 24 to 216",
    "0, area: 0 is out of range; allowed: 24 to 216",
    "-8, area: -8 is out of range; allowed: 24 to 216",
    "217, area: 217 is out of range; allowed: 24 to 216",
    "4294967424, area: 4294967424 is out of range; allowed: 24 to 216",
    "100, area: 100 is not a multiple of 8; the nearest are 96 and 104",
    "215, area: 215 is not a multiple of 8; the nearest are 208 and 216"
  })
  void read_whenAreaIsNotAllowed_saysWhatIs(String area, String fault) {
    assertThat(fault("area: " + area).substring(3)).isEqualTo(fault);
  }

  @ParameterizedTest
  @CsvSource({"0s, 0", "250ms, 250", "10m, 600000", "2h, 7200000", "366d, 31622400000"})
  void read_whenQuarantineIsADuration_takesIt(String word, long ms) throws ConfigException {
    assertThat(read("quarantine: " + word).quarantineMs()).isEqualTo(ms);
  }

  @Test
  void read_whenYamlIsBroken_namesTheLine() {
    assertThat(fault("area: 64\nhistory: {keep: 1\n")).startsWith("3: not valid YAML: ");
    assertThat(fault("area: 64\n\tdata: /x\n")).startsWith("2: not valid YAML: ");
    assertThat(fault("area: *nowhere\n")).startsWith("1: not valid YAML: ");
    assertThat(fault("area: 64\n---\narea: 64\n")).contains("not valid YAML: ");
    assertThat(fault("area: \u0001\n")).contains("not valid YAML: ");
    assertThat(fault("!z%d")).contains("not valid YAML: Tag must not ");
    assertThat(fault("[".repeat(100_000))).contains("not valid YAML: it is nested too deeply");
  }

  @Test
  void read_whenAnAliasNamesItself_saysWhatIsExpected() {
    assertThat(fault("history: &loop\n  keep: *loop\n")).endsWith("one value is expected here");
  }

  @Test
  void read_whenFileCannotBeRead_namesIt() throws IOException {
    assertThatThrownBy(() -> sound(ConfigFile.read(file)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(file + " cannot be read: ");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
    assertThatThrownBy(() -> sound(ConfigFile.read(file)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(file + " cannot be read: it is not UTF-8 text");
    assertThatThrownBy(() -> sound(ConfigFile.read(directory)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(directory + " cannot be read: ");
  }

  @Test
  void read_whenSomethingIsWrong_takesTheRestAndTellsOfEachFault() throws IOException {
    Files.writeString(
        file,
        """
        data: /tmp/data
        area: lots
        colour: red
        history: {keep: 7, days: never}
        """);

    Read<Config> read = ConfigFile.read(file);

    assertThat(read.faults())
        .satisfiesExactly(
            fault -> assertThat(fault).startsWith(file + ":3: unknown key 'colour'"),
            fault -> assertThat(fault).startsWith(file + ":2: area: "),
            fault -> assertThat(fault).startsWith(file + ":4: days: "));
    assertThat(read.value().paths().data()).isEqualTo(Path.of("/tmp/data"));
    assertThat(read.value().areaBytes()).isEqualTo(128);
    assertThat(read.value().history()).isEqualTo(new Config.History(7, 90));
  }
}
