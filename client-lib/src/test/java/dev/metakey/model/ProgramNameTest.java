package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgramNameTest {
  @ParameterizedTest
  @CsvSource({
    "edge-loader, ./edge-loader -v, edge-loader",
    "java, java -Xmx1g -cp a.jar:b.jar dev.edge.Main x, dev.edge.Main",
    "java, java -jar /opt/edge-service-1.4.2.jar, edge-service.jar",
    "java, /usr/bin/java -jar /opt/edge.jar, edge.jar",
    "java, java --module-path mods -m edge.service/dev.edge.Main, edge.service",
    "java, java --module=edge.service/dev.edge.Main, edge.service",
    "java, java Edge.java, Edge.java",
    "java, java @options dev.edge.Main, dev.edge.Main",
    "python3.11, python3 -u /opt/tracer.py --all, tracer.py",
    "python3, python3 -W ignore -m edge.tracer x, edge.tracer",
    "python3, python3 bin/tracer, tracer",
    "bash, /bin/bash /etc/edge/up.sh -c x, up.sh",
    "bash, bash -o pipefail -x up.sh, up.sh",
    "dash, sh -- up.sh, up.sh",
    "busybox, sh up.sh, up.sh",
    "busybox, busybox sh up.sh, up.sh",
    "busybox, udhcpc -i eth0, udhcpc",
    "node, node --import x.mjs /srv/app.js, app.js",
    "perl, perl -I lib -w edge.pl, edge.pl",
    "ruby3.1, ruby -rjson edge.rb, edge.rb",
    "php8.2, php -f edge.php, edge.php",
    "sshd, sshd: user, sshd"
  })
  void of_isTheProgramOrWhatAnInterpreterRuns(String executable, String line, String name) {
    assertThat(ProgramName.of(executable, List.of(line.split(" ", -1)))).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({
    "bash, -bash",
    "bash, bash -lc metakey",
    "bash, bash -euc metakey",
    "dash, sh -s",
    "bash, bash /dev/fd/63",
    "python3, python3",
    "python3, python3 -c print(1)",
    "python3, python3 -",
    "java, java",
    "java, java -jar",
    "node, node --eval 1",
    "perl, perl -we 1",
    "php, php -r 1"
  })
  void of_whenAnInterpreterRunsNoScript_isNothing(String executable, String line) {
    assertThat(ProgramName.of(executable, List.of(line.split(" ", -1)))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "bash, /bin/bash /etc/edge/up.sh -c x, up.sh",
    "python3.11, python3 -u /opt/tracer.py --all, tracer.py",
    "busybox, sh up.sh, up.sh",
    "bash, -bash, ''",
    "dash, sh -c metakey, ''",
    "java, java -jar /opt/edge.jar, ''",
    "java, java dev.edge.Main, ''",
    "sudo, sudo metakey register, ''",
    "make, make all, ''",
  })
  void script_isWhatAnInterpreterOfScriptsRuns(String executable, String line, String script) {
    assertThat(ProgramName.script(executable, List.of(line.split(" ", -1)))).isEqualTo(script);
  }

  @Test
  void arguments_areWhatIsBetweenZeroBytes() {
    assertThat(ProgramName.arguments("sh\0\0a b\0")).containsExactly("sh", "", "a b");
    assertThat(ProgramName.arguments("")).isEmpty();
    assertThat(ProgramName.of("sh", List.of())).isEmpty();
  }
}
