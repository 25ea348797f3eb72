package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.cli.print.Terminal;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Owner;
import dev.metakey.v1.FieldState;
import dev.metakey.v1.Format;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.Merge;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.Sharing;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.WatchRequest;
import dev.metakey.wire.Replies;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is asked of the daemon, and where the answer goes. {@link GoldenTest} shows how it looks.
 */
class VerbsTest {
  @TempDir Path dir;
  private FakeDaemon daemon;

  @BeforeEach
  void start() throws IOException {
    daemon = new FakeDaemon(dir.resolve("s"));
  }

  @AfterEach
  void stop() throws Exception {
    daemon.close();
  }

  private void succeed(String line) {
    Run.Result result = Run.at(daemon).metakey(Run.words(line));
    assertThat(result.err()).isEmpty();
    assertThat(result.exit()).isZero();
  }

  @Test
  void register_whenEverythingIsSaid_asksForAllOfIt() {
    succeed(
        "register a.b c.d:4 --size 8 --format hex --merge keep_last --shared --ttl 90s"
            + " --description 'who sent it'");

    RegisterRequest asked = daemon.asked(RegisterRequest.class);
    assertThat(asked.getFieldsList())
        .extracting(f -> f.getName() + ":" + f.getSize())
        .containsExactly("a.b:8", "c.d:4");
    assertThat(asked.getFields(1).getFormat()).isEqualTo(Format.FORMAT_HEX);
    assertThat(asked.getFields(1).getMerge()).isEqualTo(Merge.MERGE_KEEP_LAST);
    assertThat(asked.getFields(1).getSharing()).isEqualTo(Sharing.SHARING_SHARED);
    assertThat(asked.getFields(1).getTtl().getSeconds()).isEqualTo(90);
    assertThat(asked.getFields(1).getDescription()).isEqualTo("who sent it");
  }

  @Test
  void register_whenNothingIsSaid_asksForTheDefaults() {
    succeed("register a.b:2");

    var field = daemon.asked(RegisterRequest.class).getFields(0);
    assertThat(field.getFormat()).isEqualTo(Format.FORMAT_DEC);
    assertThat(field.getMerge()).isEqualTo(Merge.MERGE_UNSPECIFIED);
    assertThat(field.getSharing()).isEqualTo(Sharing.SHARING_EXCLUSIVE);
    assertThat(field.hasTtl()).isFalse();
    assertThat(field.getDescription()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "'', metakey",
    "deploy.sh, deploy.sh",
    "_my tool.sh, my_tool.sh",
    "nginx.service, nginx_service",
    "...., metakey",
  })
  void service_whenNobodySaysIt_isTheScriptThatCalls(String script, String service) {
    Run.Result result = Run.at(daemon).from(script).metakey("register", "a.b:2");

    assertThat(result.exit()).isZero();
    assertThat(daemon.claimedService).isEqualTo(service);
  }

  @Test
  void service_whenSomebodySaysIt_isThat() {
    Run.Result said = Run.at(daemon).from("x.sh").metakey("register", "a.b:2", "--service", "edge");
    assertThat(said.err()).isEmpty();
    assertThat(daemon.claimedService).isEqualTo("edge");

    Run.at(daemon).from("x.sh").with("METAKEY_SERVICE", "env").metakey("register", "a.b:2");
    assertThat(daemon.claimedService).isEqualTo("env");
  }

  @Test
  void register_whenNobodySaidForWhom_tellsWhoseItIs() {
    daemon.owner = new Owner(1000, "deploy.sh");

    Run.Result script = Run.at(daemon).from("deploy.sh").metakey("register", "a.b:2");

    assertThat(script.err())
        .isEqualTo(
            "metakey: note: registered for deploy.sh (uid 1000), the script that calls; --service or"
                + " METAKEY_SERVICE names another\n");
    daemon.owner = Owner.unit("edge-xdp.service");
    assertThat(Run.at(daemon).from("deploy.sh").metakey("register", "a.b:2").err()).isEmpty();
  }

  @Test
  void release_whenAGenerationIsSaid_asksForIt() {
    succeed("release edge.zone --generation 3");
    assertThat(daemon.asked(ReleaseRequest.class).getGeneration()).isEqualTo(3);

    succeed("release edge.zone");
    assertThat(daemon.asked(ReleaseRequest.class).hasGeneration()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "--to edge-xdp.service, unit:edge-xdp.service",
    "--to tracer --uid 4294967294, 4294967294:tracer",
    "--to web --container, container:web",
  })
  void transfer_whenToldTo_asksForThatOwner(String to, String asked) {
    Run.Result result = Run.at(daemon).metakey(Run.words("transfer edge.packet_id " + to));

    assertThat(result.exit()).isZero();
    TransferRequest request = daemon.asked(TransferRequest.class);
    assertThat(request.getName()).isEqualTo("edge.packet_id");
    assertThat(Replies.owner(request.getTo()).word()).isEqualTo(asked);
  }

  @Test
  void release_whenNow_asksForThat() {
    succeed("release edge.packet_id --generation 2 --now");

    ReleaseRequest asked = daemon.asked(ReleaseRequest.class);
    assertThat(asked.getNow()).isTrue();
    assertThat(asked.getForce()).isFalse();
    assertThat(asked.getGeneration()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "--owner edge-xdp.service, unit:edge-xdp.service, false",
    "--owner edge-xdp.service --uid 1000 --now, 1000:edge-xdp.service, true",
    "--owner tracer --uid 1000, 1000:tracer, false",
    "--uid 0 --now, 0:, true",
    "--owner web --container, container:web, false",
    "--container --now, container:, true",
  })
  void release_whenOwnerIsSaid_asksForAllOfIts(String whose, String asked, boolean now) {
    succeed("release " + whose);

    ReleaseAllRequest request = daemon.asked(ReleaseAllRequest.class);
    assertThat(Replies.owner(request.getWhose()).word()).isEqualTo(asked);
    assertThat(request.getNow()).isEqualTo(now);
  }

  @Test
  void release_whenSomeFieldsAreInUse_namesThemAndFails() {
    daemon.inUse = List.of(FakeDaemon.PACKET_ID);

    Run.Result result = Run.at(daemon).metakey(Run.words("release --uid 1000 -o name"));

    assertThat(result.exit()).isEqualTo(7);
    assertThat(result.out()).isEqualTo("edge.zone\n");
    assertThat(result.err()).contains("edge.packet_id stays as it was");
  }

  @Test
  void release_whenForced_asksForThat() {
    succeed("release edge.zone");
    assertThat(daemon.asked(ReleaseRequest.class).getForce()).isFalse();

    succeed("release edge.zone --force");
    assertThat(daemon.asked(ReleaseRequest.class).getForce()).isTrue();
    assertThat(daemon.asked(ReleaseRequest.class).hasGeneration()).isFalse();

    succeed("release edge.zone --force --generation 3");
    assertThat(daemon.asked(ReleaseRequest.class).getForce()).isTrue();
    assertThat(daemon.asked(ReleaseRequest.class).getGeneration()).isEqualTo(3);
  }

  @Test
  void users_whenANameIsSaid_showsThoseOfThatFieldAlone() {
    Run.Result result = Run.at(daemon).metakey("users", "edge.zone", "-o", "jsonl");

    assertThat(result.out().lines())
        .singleElement()
        .asString()
        .contains("\"id\":57", "\"stale_because\":\"id 5, here 2\"");
    assertThat(Run.at(daemon).metakey("users", "edge.none").err())
        .isEqualTo("metakey: note: nothing to show\n");
  }

  @Test
  void status_whenProgramsCannotBeSeen_saysWhy() {
    daemon.unseen = "needs CAP_BPF";

    Run.Result result = Run.at(daemon).metakey("status");

    assertThat(result.exit()).isZero();
    assertThat(result.out()).contains("programs   cannot be seen: needs CAP_BPF\n");
  }

  @Test
  void id_whenKnown_printsTheNumberAlone() {
    Run.Result result = Run.at(daemon).metakey("id", "edge.client_ip");

    assertThat(result.out()).isEqualTo("1\n");
    assertThat(result.err()).isEmpty();
    assertThat(daemon.asked(ResolveRequest.class).hasWait()).isFalse();
  }

  @Test
  void id_whenItMayWait_asksForThat() {
    succeed("id edge.client_ip --wait 30s");

    assertThat(daemon.asked(ResolveRequest.class).getWait().getSeconds()).isBetween(29L, 30L);
  }

  @Test
  void id_whenUnknown_printsNothing() {
    Run.Result result = Run.at(daemon).metakey("id", "edge.none");

    assertThat(result.exit()).isEqualTo(3);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).isEqualTo("metakey: edge.none is not known here\n");
  }

  @Test
  void list_whenFiltered_asksForThat() {
    succeed("list --prefix edge. --state active,retired --state free");

    ListRequest asked = daemon.asked(ListRequest.class);
    assertThat(asked.getPrefix()).isEqualTo("edge.");
    assertThat(asked.getStatesList())
        .containsExactlyInAnyOrder(
            FieldState.FIELD_STATE_ACTIVE,
            FieldState.FIELD_STATE_RETIRED,
            FieldState.FIELD_STATE_FREE);
  }

  @Test
  void list_whenThereIsNothing_saysSoInWordsAndAsAnEmptyArray() {
    Run.Result table = Run.at(daemon).metakey("list", "--prefix", "none.");
    assertThat(table.out()).isEmpty();
    assertThat(table.err()).isEqualTo("metakey: note: nothing to show\n");
    assertThat(table.exit()).isZero();

    Run.Result json = Run.at(daemon).metakey("list", "--prefix", "none.", "-o", "json");
    assertThat(json.out()).contains("\"fields\": []");
    assertThat(json.err()).isEmpty();
  }

  @Test
  void show_whenGivenANumber_asksForTheId() {
    assertThat(Run.at(daemon).metakey("show", "1").out()).contains("edge.client_ip");
    assertThat(Run.at(daemon).metakey("show", "63").exit()).isEqualTo(3);
  }

  @Test
  void reserve_whenForeign_asksForThat() {
    succeed("reserve acme.tenant --id 7 --size 4 --foreign --format hex");

    ReserveRequest asked = daemon.asked(ReserveRequest.class);
    assertThat(asked.getId()).isEqualTo(7);
    assertThat(asked.getForeign()).isTrue();
    assertThat(asked.getSpec().getSize()).isEqualTo(4);
    assertThat(asked.getSpec().getFormat()).isEqualTo(Format.FORMAT_HEX);
  }

  @Test
  void history_whenNarrowed_asksForThatAndSaysHowToGoOn() {
    daemon.nextSinceRevision = 40;

    Run.Result result =
        Run.at(daemon).metakey(Run.words("history --name edge.zone --since 2 --limit 2"));

    ListHistoryRequest asked = daemon.asked(ListHistoryRequest.class);
    assertThat(asked.getName()).isEqualTo("edge.zone");
    assertThat(asked.getSinceRevision()).isEqualTo(2);
    assertThat(asked.getLimit()).isEqualTo(1000); // whole pages, as few changes may be of the name
    assertThat(result.err())
        .isEqualTo("metakey: note: more changes follow; see them with --since 40\n");
    assertThat(Run.at(daemon).metakey("history", "-o", "json").out())
        .contains("\"next_since_revision\": 40");
  }

  @Test
  void watch_whenResumed_asksForWhatFollows() {
    Run run = Run.at(daemon).outTo(Terminal.Kind.PIPE).outEndsAfter(1);

    Run.Result result = run.metakey("watch", "-o", "jsonl", "--since", "41@" + FakeDaemon.REGISTRY);

    WatchRequest asked = daemon.asked(WatchRequest.class);
    assertThat(asked.getSinceRevision()).isEqualTo(41);
    assertThat(asked.getRegistryId()).isEqualTo(FakeDaemon.REGISTRY.toString());
    assertThat(result.out()).startsWith("{\"event\":\"changes\"");
  }

  @Test
  void options_whenBeforeOrAfterTheVerb_countTheSame() {
    String socket = daemon.socket().toString();
    assertThat(Run.alone().metakey("id", "edge.zone", "--socket", socket).out()).isEqualTo("2\n");
    assertThat(Run.alone().metakey("--socket", socket, "id", "edge.zone").out()).isEqualTo("2\n");
    // "list" is a verb too, and here it is not one.
    assertThat(
            Run.alone().metakey("--socket", socket, "--service", "list", "id", "edge.zone").out())
        .isEqualTo("2\n");
  }

  @Test
  void readers_whenTheDaemonIsGone_answerStale() throws Exception {
    daemon.close();
    ByteBuffer table = RegistryFile.create(daemon.snapshot, 1);
    byte[] bytes = new byte[table.remaining()];
    table.get(bytes);
    Files.write(dir.resolve("registry.bin"), bytes);

    Run.Result id = Run.at(daemon).metakey("id", "edge.client_ip");
    assertThat(id.exit()).isZero();
    assertThat(id.out()).isEqualTo("1\n");
    assertThat(id.err())
        .isEqualTo(
            "metakey: note: stale: the daemon cannot be reached; this is what it published last, at"
                + " revision 41\n");

    assertThat(Run.at(daemon).metakey("list", "-o", "json").out()).contains("\"stale\": true");
    assertThat(Run.at(daemon).metakey("list", "-o", "jsonl").out())
        .contains("\"stale\":true")
        .doesNotContain("\"stale\":false");
    assertThat(Run.at(daemon).metakey("show", "0", "-o", "json").out()).contains("\"stale\": true");
    assertThat(Run.at(daemon).metakey("header", "-o", "json").out()).contains("\"stale\": true");
    assertThat(Run.at(daemon).metakey("list").out()).contains("uid 1000");
    assertThat(Run.at(daemon).metakey("release", "edge.zone").exit()).isEqualTo(8);
    assertThat(Run.at(daemon).metakey("status").exit()).isEqualTo(8);
  }

  @Test
  void colour_whenOnATerminal_isThereUnlessUnwanted() {
    String escape = "\u001b[";
    Terminal.Kind tty = Terminal.Kind.TERMINAL;
    assertThat(Run.at(daemon).outTo(tty).metakey("list").out()).contains(escape);
    assertThat(Run.at(daemon).outTo(tty).with("NO_COLOR", "1").metakey("list").out())
        .doesNotContain(escape);
    assertThat(Run.at(daemon).outTo(tty).with("TERM", "dumb").metakey("list").out())
        .doesNotContain(escape);
    assertThat(Run.at(daemon).outTo(Terminal.Kind.PIPE).metakey("list").out())
        .doesNotContain(escape);
    assertThat(Run.at(daemon).outTo(tty).metakey("list", "-o", "json").out())
        .doesNotContain(escape);

    assertThat(Run.at(daemon).outTo(tty).metakey("id", "e.x").err()).doesNotContain(escape);
    assertThat(Run.at(daemon).errTo(tty).metakey("id", "e.x").err()).contains(escape);
    assertThat(Run.at(daemon).errTo(tty).with("NO_COLOR", "1").metakey("id", "e.x").err())
        .doesNotContain(escape);

    assertThat(Run.alone().outTo(tty).metakey("--help").out()).contains(escape);
    assertThat(Run.alone().outTo(tty).with("NO_COLOR", "1").metakey("--help").out())
        .doesNotContain(escape);
  }

  @Test
  void colour_whenShown_leavesTheColumnsAligned() {
    String plain = Run.at(daemon).metakey("list").out();
    String coloured = Run.at(daemon).outTo(Terminal.Kind.TERMINAL).metakey("list").out();

    assertThat(coloured.replaceAll("\u001b\\[[0-9]*m", "")).isEqualTo(plain);
  }

  @Test
  void history_whenTheLastAreAskedFor_showsTheNewestAtTheEnd() {
    Run.Result all = Run.at(daemon).metakey("history", "-o", "jsonl");
    Run.Result last = Run.at(daemon).metakey("history", "--last", "1", "-o", "jsonl");
    Run.Result first = Run.at(daemon).metakey("history", "--limit", "1", "-o", "jsonl");

    List<String> lines = all.out().lines().toList();
    assertThat(lines).hasSizeGreaterThan(1);
    assertThat(last.out().lines()).containsExactly(lines.get(lines.size() - 1));
    assertThat(last.err()).isEmpty();
    assertThat(first.out().lines()).containsExactly(lines.get(0));
    assertThat(first.err()).contains("more changes follow; see them with --since ");
  }

  @Test
  void list_whenFreeIdsAreAskedFor_showsThoseThatWereNeverUsed() {
    Run.Result free = Run.at(daemon).metakey("list", "--state", "free", "-o", "name");

    assertThat(free.out().lines()).hasSize(60).contains("3", "63").doesNotContain("0", "64");
  }

  @Test
  void form_whenSaidBeforeTheVerb_isTaken() {
    assertThat(Run.at(daemon).metakey("-o", "json", "list"))
        .isEqualTo(Run.at(daemon).metakey("list", "-o", "json"));
    assertThat(Run.at(daemon).metakey("-o", "json", "list", "-o", "name"))
        .isEqualTo(Run.at(daemon).metakey("list", "-o", "name"));
  }

  @Test
  void gen_whenTheScriptHasTheTag_writesItForItsOwnerAlone() throws IOException {
    Path file = dir.resolve("values.bt");
    Files.createFile(file);
    Path link = Files.createSymbolicLink(dir.resolve("link.bt"), file);

    Run.Result result =
        Run.at(daemon).metakey("gen", "bpftrace", "edge.packet_id", "-o", link.toString());

    assertThat(result.exit()).isZero();
    assertThat(result.out()).isEmpty();
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.readString(file))
        .isEqualTo(Run.at(daemon).metakey("gen", "bpftrace", "edge.packet_id").out());
  }

  /** To replace a device, as root may, would break the host: {@code metakey backup /dev/null}. */
  @ParameterizedTest
  @ValueSource(strings = {"backup", "gen env edge.packet_id -o"})
  void output_whenItWouldReplaceWhatIsNoFile_isRefused(String verb) {
    Path noFile = daemon.socket();
    Run.Result result = Run.at(daemon).metakey(Run.words(verb + " " + noFile));
    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains(noFile + " is a device, pipe or socket", "name a file");
    assertThat(Files.isRegularFile(noFile)).isFalse();
  }
}
