package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths with letters outside ASCII, in every locale that a service or a script may run in. */
final class LocaleIT {
  @RegisterExtension final Host host = new Host();

  /**
   * The shell makes the names, as the JVM of this test may be unable to.
   *
   * @param locale a command that sets the locale
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "export LC_ALL=C",
        "export LC_ALL=POSIX",
        "export LC_ALL=C.UTF-8",
        "unset LC_ALL LC_CTYPE LANG"
      })
  void paths_whenTheyAreUtf8_workInEveryLocale(String locale) throws Exception {
    String script =
        locale
            + """

            set -eu
            dir=$(printf 'r\\303\\251gistre')
            mkdir -p "$dir"
            echo 'programs: none' > "$dir/m.yaml"
            "$1/bin/metakeyd" --config "$dir/m.yaml" --socket "$dir/s.sock" --data "$dir/data" \\
              --run "$dir/run" --bpffs none 2> log & pid=$!
            trap 'kill -9 $pid' EXIT
            "$1/bin/metakey" --socket "$dir/s.sock" --timeout 40s register edge.a --size 8 -o name
            METAKEY_SOCKET=$dir/s.sock "$1/bin/metakey" id edge.a
            test -S "$dir/s.sock" && test -f "$dir/run/keys" && test -d "$dir/data"
            """;
    Ran ran = shell(script);
    assertThat(ran.exit()).as("%s", ran).isZero();
    assertThat(ran.out()).isEqualTo("edge.a\n0\n");
  }

  /** No JVM can name such a file in a UTF-8 locale. The error says so, and nothing is guessed. */
  @ParameterizedTest
  @ValueSource(strings = {"export LC_ALL=C", "export LC_ALL=C.UTF-8"})
  void socket_whenItIsNotUtf8_isRefusedWithTheReason(String locale) throws Exception {
    String script =
        locale
            + """

            dir=$(printf 'r\\351gistre')
            mkdir -p "$dir"
            exec "$1/bin/metakey" --socket "$dir/s.sock" list
            """;
    shell(script).refuses(2, "not UTF-8");
  }

  private Ran shell(String script) throws Exception {
    var command = List.of("sh", "-c", script, "sh", host.image().root().toString());
    ProcessBuilder builder = host.process(command);
    builder.environment().remove("METAKEY_SOCKET");
    return Ran.of(builder, Host.PATIENCE);
  }
}
