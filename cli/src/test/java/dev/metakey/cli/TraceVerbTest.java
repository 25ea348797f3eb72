package dev.metakey.cli;

import static dev.metakey.cli.FakeTap.area;
import static dev.metakey.cli.FakeTap.packet;
import static dev.metakey.cli.FakeTap.received;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The verb, with a script that stands in for the program that looks at packets. */
class TraceVerbTest {
  @TempDir Path dir;
  private FakeDaemon daemon;
  private FakeTap tap;

  @BeforeEach
  void start() throws IOException {
    daemon = new FakeDaemon(dir.resolve("s"));
    tap = new FakeTap(dir);
  }

  @AfterEach
  void stop() throws Exception {
    tap.close();
    daemon.close();
  }

  private Run.Result trace(String words) {
    return Run.at(daemon).metakey(Run.words("trace " + words));
  }

  @Test
  void trace_whenPacketsPass_printsEachWithItsValues() throws IOException {
    tap.prints(
        received(FakeDaemon.PACKET_ID, 42),
        packet("receive", "-", new byte[0]),
        packet("receive", "-", new byte[128]), // somebody else's
        received(FakeDaemon.CLIENT_IP, 0x0a000001),
        packet("drop", "NO_SOCKET", area(FakeDaemon.CLIENT_IP, 0x0a000002)));

    Run.Result result = trace("edge.packet_id edge.client_ip --at drop,receive --dev mk0 -n 3");

    assertThat(result.out())
        .isEqualTo(
            """
            TIME             AT        DEVICE      LENGTH  CPU  PROCESS           VALUES
            19:47:01.787027  receive   mk0         30      1    bash[4711]        edge.packet_id=42
            19:47:01.787027  receive   mk0         30      1    bash[4711]        edge.client_ip=10.0.0.1
            19:47:01.787027  drop      mk0         30      1    bash[4711]        edge.client_ip=10.0.0.2 (NO_SOCKET)
            """);
    assertThat(result.err()).isEqualTo("metakey: note: tracing edge.packet_id, edge.client_ip\n");
    assertThat(result.exit()).isZero();
    assertThat(tap.arguments()).isEqualTo("libexec/metakey-trace.bpf.o --dev mk0 receive drop\n");
  }

  @Test
  void trace_whenAsJsonl_hasEveryMember() throws IOException {
    tap.prints(packet("drop", "NO_SOCKET", area(FakeDaemon.PACKET_ID, 42)));

    assertThat(trace("edge.packet_id --at drop -n 1 -o jsonl").out())
        .isEqualTo(
            """
            {"time":"2026-11-27T19:47:01.787027428Z","at":"drop","drop_reason":"NO_SOCKET","device":"mk0","ifindex":2,\
            "length":30,"cpu":1,"pid":4711,"process":"bash","values":[{"id":0,"name":"edge.packet_id","size":8,\
            "value":"42","text":"42","format":"dec","state":"active"}]}
            """);
  }

  @ParameterizedTest
  @CsvSource({
    "edge.packet_id=43, edge.packet_id=43",
    "edge.packet_id=0x2b, edge.packet_id=43",
    "edge.client_ip=10.0.0.7, edge.client_ip=10.0.0.7",
  })
  void trace_whenAConditionIsSaid_printsWhatMeetsIt(String condition, String printed)
      throws IOException {
    tap.prints(
        received(FakeDaemon.PACKET_ID, 42),
        received(FakeDaemon.CLIENT_IP, 0x0a000001),
        received(FakeDaemon.PACKET_ID, 43),
        received(FakeDaemon.CLIENT_IP, 0x0a000007));

    assertThat(trace("edge.packet_id edge.client_ip -n 1 --where " + condition).out())
        .hasLineCount(2)
        .endsWith(printed + "\n");
  }

  @Test
  void trace_whenPacketsAreMissed_saysHowMany() throws IOException {
    tap.prints("missed 17", received(FakeDaemon.PACKET_ID, 42));

    assertThat(trace("edge.packet_id -n 1").err()).contains("17 packets were missed so far");
  }

  @Test
  void trace_whenPacketsAreMissedAndNoneFollows_saysHowMany() throws IOException {
    tap.does("printf '%s\\n' ready 'missed 17'");

    assertThat(trace("edge.packet_id").err()).contains("17 packets were missed so far");
  }

  @Test
  void trace_whenTheTagIsMadeAnewMeanwhile_goesOnWithTheNewOne() throws IOException {
    Tag fresh = Tag.of(new byte[] {1, 2, 3, 4, 5, 6});
    daemon.retagAfterTheFirstAnswer(fresh);
    tap.prints(
        received(FakeDaemon.PACKET_ID, 42),
        packet("receive", "-", area(FakeDaemon.PACKET_ID, 43, fresh)));

    assertThat(trace("edge.packet_id -n 2").out())
        .contains("edge.packet_id=42", "edge.packet_id=43");
  }

  @Test
  void next_whenTheTapWasClosed_isNoneHoweverTheProgramEnds() throws IOException {
    tap.does("echo ready; cat >&2; exit 137");
    try (PacketTap opened = PacketTap.open("", List.of("receive"), missed -> {})) {
      opened.close();
      assertThat(opened.next()).isNull();
    }
  }

  @Test
  void trace_whenTheProgramIsNotInstalled_saysWhatItNeeds() {
    Run.Result result = trace("edge.packet_id");

    assertThat(result.err()).contains("is not installed", "clang", "libbpf-dev");
    assertThat(result.exit()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource({"77, 5", "69, 8"})
  void trace_whenTheProgramEndsAtOnce_saysWhy(int code, int exit) throws IOException {
    tap.does("echo 'the kernel says no' >&2; exit " + code);

    Run.Result result = trace("edge.packet_id");

    assertThat(result.err()).contains("packets cannot be traced: the kernel says no");
    assertThat(result.exit()).isEqualTo(exit);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "edge.packet_id -o json | a line for each packet",
        "edge.packet_id --where 7 | is not NAME=VALUE",
        "edge.packet_id --where edge.zone=7 | edge.zone is not traced",
        "edge.packet_id --at nowhere | receive",
        "edge.packet_id -n 0 | allowed: 1 and more",
        "edge.packet_id --dev a-name-too-long-for-any | at most 15",
      })
  void trace_whenTheLineIsWrong_saysWhatIsAllowed(String words, String said) throws IOException {
    tap.prints();

    Run.Result result = trace(words);

    assertThat(result.err()).contains(said);
    assertThat(result.exit()).isEqualTo(2);
  }
}
