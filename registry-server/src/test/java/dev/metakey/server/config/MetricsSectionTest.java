package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.log.LogSettings;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MetricsSectionTest {
  private final List<String> faults = new ArrayList<>();

  private Config.Monitoring all(String yaml) {
    return MetricsSection.read(
        YamlMap.parse(Path.of("/m.yaml"), yaml, List.of("metrics"), faults), LogSettings.DEFAULTS);
  }

  private Optional<SocketAddress> read(String yaml) {
    return all(yaml).metrics();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "metrics:\n", "metrics: {}\n", "metrics: {listen: }\n"})
  void read_whenNothingIsSaid_isOff(String yaml) {
    assertThat(read(yaml)).isEmpty();
    assertThat(faults).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:9464, 127.0.0.1",
    "127.3.2.1:9464, 127.3.2.1",
    "localhost:9464, 127.0.0.1",
    "'\"[::1]:9464\"', ::1",
  })
  void read_whenItIsALoopbackAddress_takesIt(String word, String address) {
    assertThat(read("metrics:\n  listen: " + word + "\n"))
        .contains(new InetSocketAddress(address, 9464));
    assertThat(faults).isEmpty();
  }

  @Test
  void read_whenItIsAPath_takesIt() {
    assertThat(read("metrics: {listen: 'unix:/run/m.sock'}"))
        .contains(UnixDomainSocketAddress.of("/run/m.sock"));
    assertThat(faults).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"off, OFF", "public, PUBLIC", "full, FULL"})
  void read_whenAPageIsWanted_takesIt(String word, Config.Page page) {
    assertThat(all("metrics: {listen: '127.0.0.1:9464', page: " + word + "}").page())
        .isEqualTo(page);
    assertThat(all("metrics: {listen: '127.0.0.1:9464'}").page()).isEqualTo(Config.Page.OFF);
    assertThat(faults).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "page: public | page: it is served where 'listen' says, and that is missing",
        "page: yes | page: page 'yes' is not known; allowed: off, public, full",
        "listen: 0.0.0.0:9464 | listen: '0.0.0.0:9464' is no place to listen that only this host can reach; allowed: 127.0.0.1:9464",
        "listen: 192.168.1.4:9464 | listen: '192.168.1.4:9464' is no place",
        "listen: example.org:9464 | listen: 'example.org:9464' is no place",
        "listen: 127.0.0.1.example.org:80 | listen: '127.0.0.1.example.org:80' is no place",
        "listen: 127.0.0.999:80 | listen: '127.0.0.999' is not an address",
        "listen: 9464 | listen: '9464' is no place",
        "listen: 127.0.0.1:0 | listen: 0 is out of range; allowed: 1 to 65535",
        "listen: 127.0.0.1:65536 | listen: 65536 is out of range",
        "listen: unix:metrics.sock | listen: 'metrics.sock' is not an absolute path",
        "port: 9464 | unknown key 'port'; allowed: [listen, page]",
      })
  void read_whenSomethingIsWrong_saysWhatIsAllowed(String line, String fault) {
    assertThat(read("metrics:\n  " + line + "\n")).isEmpty();

    assertThat(faults).hasSize(1);
    assertThat(faults.get(0)).startsWith("/m.yaml:2: " + fault);
  }
}
