package dev.metakey.server.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Peer;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.PeerMatch;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Quota;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Retag;
import dev.metakey.server.domain.Right;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.Engines;
import dev.metakey.server.engine.FakeClock;
import dev.metakey.server.engine.FakeStore;
import dev.metakey.server.transport.HttpAnswer;
import dev.metakey.server.transport.HttpPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The writer's turns are given by hand. */
@Timeout(60)
class RegistryPageTest {
  private static final Peer EDGE = new Peer(1000, 1000, 4711, "edge");
  private static final Peer TRACER = new Peer(1001, 1001, 4712, "tracer");

  private final List<RegistryPage> opened = new ArrayList<>();
  private Engine engine;

  @BeforeEach
  void start() throws Exception {
    engine = Engines.begun(new FakeStore(), new FakeClock());
  }

  @AfterEach
  void close() {
    opened.forEach(RegistryPage::close);
  }

  private void run(Peer peer, Command<?> command) throws Exception {
    var answer = engine.submit(command, peer);
    while (!answer.isDone()) {
      engine.doWork(0);
    }
    answer.get();
  }

  private void register(Peer peer, FieldSpec... specs) throws Exception {
    run(peer, new Register(List.of(specs)));
  }

  /** A record that is linked to the field {@code edge.hop}. */
  private FieldUse use() {
    int slot = Objects.requireNonNull(engine.snapshot().byName("edge.hop")).slot();
    return Loaded.use("edge.hop", 2, Loaded.place(engine.tag(), 0, slot, 1));
  }

  private DaemonStatus status() {
    return new DaemonStatus(
        engine.snapshot().info(),
        new DaemonStatus.Daemon("1.2.3", 1_000, 7, "/run/m.sock", "/var/lib/m"),
        new DaemonStatus.IdCount(0, 0, 0),
        new DaemonStatus.SlotUse(0, 112),
        new DaemonStatus.Queues(0, engine.waiting(), 2),
        new DaemonStatus.Programs(1, 0, "", true),
        List.of(new DaemonStatus.Publication("keys", "/run/keys", -1, "no room")),
        List.of(new LimitUse("waits", 10, 20, 1, 0, 1, List.of(new LimitUse.User(1001, 1, 10)))),
        List.of("something <b>is</b> wrong"));
  }

  private RegistryPage page(boolean isFull) {
    RegistryPage page = new RegistryPage(engine, this::status, () -> true, isFull);
    opened.add(page);
    return page;
  }

  private HttpAnswer get(boolean isFull, String path, String query) {
    return Objects.requireNonNull(page(isFull).pages().get(path)).get(query);
  }

  private JsonObject json(boolean isFull, String path, String query) {
    HttpAnswer answer = get(isFull, path, query);
    assertThat(answer.status()).as(text(answer)).isEqualTo(200);
    assertThat(answer.contentType()).isEqualTo("application/json");
    return JsonParser.parseString(text(answer)).getAsJsonObject();
  }

  private JsonObject state(boolean isFull) {
    return json(isFull, "/api/state", "");
  }

  private static String text(HttpAnswer answer) {
    return new String(answer.body(), UTF_8);
  }

  private static JsonObject id(JsonObject state, int id) {
    return state.getAsJsonArray("ids").get(id).getAsJsonObject();
  }

  private void restrictReading() {
    PolicyRule rule =
        new PolicyRule(
            "contractor",
            "m.yaml:3",
            PeerMatch.EVERYBODY,
            Map.of(Right.READ, new Prefixes(false, List.of("edge."))),
            Quota.DEFAULT);
    engine.take(Policy.of(List.of(rule)), 600_000);
  }

  @Test
  void files_nameOnlyFilesThatAreThere() {
    Map<String, HttpPage> pages = page(false).pages();
    Pattern named = Pattern.compile("(?:href|src)=\"([^#\"]+)\"|from '\\./([^']+)'");

    pages.forEach(
        (path, file) -> {
          if (path.equals("/") || path.endsWith(".js")) {
            named
                .matcher(text(file.get("")))
                .results()
                .map(
                    (MatchResult found) -> found.group(1) == null ? found.group(2) : found.group(1))
                .forEach(name -> assertThat(pages).as(path).containsKey("/" + name));
          }
        });
    assertThat(pages).containsKeys("/", "/page.css", "/page.js", "/icon.svg");
  }

  @Test
  void state_showsEveryIdAndEachByteOfTheArea() throws Exception {
    register(EDGE, FieldSpec.of("edge.packet_id", 8), FieldSpec.of("edge.hop", 2));

    JsonObject state = state(false);
    assertThat(state.getAsJsonArray("ids")).hasSize(64);
    assertThat(id(state, 0).getAsJsonObject("field").get("name").getAsString())
        .isEqualTo("edge.packet_id");
    assertThat(id(state, 2).get("state").getAsString()).isEqualTo("free");
    assertThat(id(state, 63).get("for_admins").getAsBoolean()).isTrue();
    List<String> area = new ArrayList<>();
    for (JsonElement each : state.getAsJsonArray("area")) {
      JsonObject piece = each.getAsJsonObject();
      area.add(
          piece.get("at").getAsInt()
              + "+"
              + piece.get("size").getAsInt()
              + " "
              + piece.get("what").getAsString());
    }
    assertThat(area)
        .containsExactly(
            "-128+102 free",
            "-26+2 field",
            "-24+8 field",
            "-16+8 presence",
            "-8+6 tag",
            "-2+2 zero");
  }

  @Test
  void state_staysTheSameWhileNothingChanges() throws Exception {
    register(EDGE, FieldSpec.of("edge.hop", 2));

    assertThat(page(true).feed().newest().get()).isEqualTo(page(true).feed().newest().get());
  }

  @Test
  void state_isOneLineWithoutMarkup() throws Exception {
    register(
        EDGE, FieldSpec.of("edge.hop", 2).describedAs("</script><img src=x onerror=alert(1)>"));

    assertThat(text(get(true, "/api/state", "")))
        .doesNotContain("<", ">", "\n")
        .contains("\\u003cimg src");
  }

  @Test
  void state_whenItIsForEverybody_doesNotTellWhoWaitsAndWhoHoldsMost() throws Exception {
    var unused = engine.await(List.of("edge.later"), 60_000, TRACER);

    JsonObject state = state(false);
    assertThat(state.get("waiters").isJsonNull()).isTrue();
    assertThat(state.getAsJsonObject("queues").get("resolves").getAsInt()).isEqualTo(1);
    assertThat(state.toString()).doesNotContain("edge.later", "tracer", "1001");
    assertThat(id(state, 0).get("programs").isJsonNull()).isTrue();
  }

  @Test
  void state_whenItIsForAdmins_tellsWhoWaitsForWhat() throws Exception {
    var unused = engine.await(List.of("edge.later"), 60_000, TRACER);

    JsonObject state = state(true);
    JsonArray waiters = state.getAsJsonArray("waiters");
    assertThat(waiters).hasSize(1);
    assertThat(waiters.get(0).toString()).contains("\"missing\":[\"edge.later\"]", "4712");
    assertThat(state.getAsJsonArray("limits").toString()).contains("\"uid\":1001");
  }

  @Test
  void story_tellsHistoryTheNewestFirst_andToAdminsOfProcesses() throws Exception {
    register(EDGE, FieldSpec.of("edge.hop", 2));
    assertThat(json(false, "/api/field", "name=edge.hop").getAsJsonArray("history")).hasSize(1);
    run(EDGE, new Release("edge.hop", 0));

    JsonObject open = json(false, "/api/field", "name=edge.hop");
    assertThat(kinds(open)).containsExactly("released", "created");
    assertThat(open.toString()).contains("\"service\":\"edge\"").doesNotContain("4711");
    assertThat(open.getAsJsonArray("blockers").toString()).contains("quarantine");
    assertThat(open.get("programs").isJsonNull()).isTrue();
    assertThat(json(true, "/api/field", "id=0").getAsJsonArray("history").toString())
        .contains("4711");
  }

  private static List<String> kinds(JsonObject story) {
    List<String> kinds = new ArrayList<>();
    story
        .getAsJsonArray("history")
        .forEach(change -> kinds.add(change.getAsJsonObject().get("kind").getAsString()));
    return kinds;
  }

  @Test
  void story_keepsTheNewestChanges_howeverManyThereAre() throws Exception {
    for (int i = 0; i < Chronicle.MOST; i++) {
      register(EDGE, FieldSpec.of("edge.hop", 2));
      run(EDGE, new Release("edge.hop", 0));
    }

    assertThat(kinds(json(false, "/api/field", "id=0")))
        .hasSize(Chronicle.MOST)
        .startsWith("released", "restored");
  }

  @Test
  void story_whenItIsForAdmins_tellsWhichProgramsUseTheField() throws Exception {
    register(EDGE, FieldSpec.of("edge.hop", 2));
    run(Engines.DAEMON, Observe.seen(engine.now().ageMs(), List.of(Loaded.program(42, use()))));

    assertThat(json(true, "/api/field", "id=0").getAsJsonArray("programs").toString())
        .contains("\"id\":42", "\"role\":\"consumes\"");
    assertThat(id(state(true), 0).get("programs").getAsInt()).isEqualTo(1);
    assertThat(json(false, "/api/field", "id=0").toString()).doesNotContain("42");
  }

  @Test
  void story_whenThereIsNoSuchField_saysHowToAsk() {
    for (String query : List.of("", "name=edge.none", "name=kernel.rx_hash", "id=64", "id=-1")) {
      HttpAnswer answer = get(true, "/api/field", query);
      assertThat(answer.status()).as(query).isEqualTo(404);
      assertThat(text(answer)).contains("'?name='");
    }
  }

  @Test
  void fields_thatThePolicyKeepsFromSome_areShownToNobodyButAdmins() throws Exception {
    register(EDGE, FieldSpec.of("edge.hop", 2));
    register(TRACER, FieldSpec.of("trace.flow", 8));
    run(TRACER, new Release("trace.flow", 0));
    restrictReading();

    JsonObject state = state(false);
    assertThat(state.toString()).contains("edge.hop").doesNotContain("trace.flow");
    assertThat(id(state, 1).get("hidden").getAsBoolean()).isTrue();
    assertThat(get(false, "/api/field", "name=trace.flow").status()).isEqualTo(404);
    assertThat(json(false, "/api/field", "id=1").toString()).doesNotContain("trace.flow", "tracer");
    assertThat(state(true).toString()).contains("trace.flow");
  }

  @Test
  void tag_isShownToNobody() throws Exception {
    Tag tag = Tag.of(new byte[] {1, 2, 3, 0x5a, 0x5b, 0x5c});
    run(Engines.DAEMON, new Retag(tag, true));
    register(EDGE, FieldSpec.of("edge.hop", 2));
    run(Engines.DAEMON, Observe.seen(engine.now().ageMs(), List.of(Loaded.program(42, use()))));

    assertThat(state(true).toString() + json(true, "/api/field", "id=0"))
        .doesNotContainIgnoringCase("5a5b5c")
        .doesNotContain("90,91,92");
  }
}
