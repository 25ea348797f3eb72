package dev.metakey.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Instant;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LineFormatterTest {
  /**
   * What a peer can put into a name: ends of lines, colours, a title for the terminal, and more.
   */
  private static final String HOSTILE =
      "a\nb\rc\u001b[31md\u0000e\u0085f\u2028g\u202eh\u007fi\ud800j\u009b1mk\"l\\m";

  private static final LineFormatter TEXT = new LineFormatter(false, LogFormat.TEXT);
  private static final LineFormatter JOURNAL = new LineFormatter(true, LogFormat.TEXT);
  private static final LineFormatter JSON = new LineFormatter(false, LogFormat.JSON);

  private static LogRecord event(Event event, String message, Throwable thrown) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("uid", 1000L);
    attributes.put("admin", true);
    attributes.put("program", HOSTILE);
    LogRecord line = new EventRecord(event, message, attributes, thrown);
    line.setInstant(Instant.parse("2026-02-03T04:05:06.007Z"));
    return line;
  }

  private static LogRecord library(Level level) {
    LogRecord line = new LogRecord(level, "the disk is {0}");
    line.setParameters(new Object[] {"full"});
    line.setLoggerName("io.grpc.X");
    return line;
  }

  @Test
  void format_isTheTimeWithItsOffset_theLevelAndTheMessage() {
    LogRecord line = event(Event.PROBLEM, "disk full", null);
    String offset = ZoneId.systemDefault().getRules().getOffset(line.getInstant()).getId();
    assertThat(TEXT.format(line))
        .matches("2026-02-0[234]T\\d\\d:\\d\\d:06\\.007\\S+ WARNING disk full\n")
        .contains("007" + offset + " ");
  }

  @Test
  void format_whenItGoesToTheJournal_startsWithThePriorityAndHasNoTime() {
    assertThat(JOURNAL.format(event(Event.DEFECT, "full", null))).isEqualTo("<3>full\n");
    assertThat(JOURNAL.format(event(Event.PROBLEM, "full", null))).isEqualTo("<4>full\n");
    assertThat(JOURNAL.format(event(Event.SERVING, "full", null))).isEqualTo("<6>full\n");
    assertThat(JOURNAL.format(event(Event.CALL, "full", null))).isEqualTo("<7>full\n");
    assertThat(JOURNAL.format(library(Level.SEVERE))).isEqualTo("<3>the disk is full\n");
    assertThat(JOURNAL.format(library(Level.FINEST))).startsWith("<7>");
    assertThat(new LineFormatter(true, LogFormat.JSON).format(library(Level.INFO)))
        .startsWith("<6>{\"time\":\"");
  }

  @Test
  void format_whenJsonIsAskedFor_isAnObjectWithTypedAttributes() {
    JsonObject line = parse(event(Event.CLIENT_FAULT, "bad \"client\"", null));
    assertThat(line.keySet())
        .containsExactly("time", "level", "event", "message", "uid", "admin", "program");
    assertThat(line.get("time").getAsString()).isEqualTo("2026-02-03T04:05:06.007Z");
    assertThat(line.get("level").getAsString()).isEqualTo("warning");
    assertThat(line.get("event").getAsString()).isEqualTo("client_fault");
    assertThat(line.get("message").getAsString()).isEqualTo("bad \"client\"");
    assertThat(line.get("uid").toString()).isEqualTo("1000");
    assertThat(line.get("admin").toString()).isEqualTo("true");
  }

  @Test
  void format_whenALibraryLogs_isItsMessageAndItsName() {
    JsonObject line = parse(library(Level.WARNING));
    assertThat(line.get("event").getAsString()).isEqualTo("library");
    assertThat(line.get("message").getAsString()).isEqualTo("the disk is full");
    assertThat(line.get("logger").getAsString()).isEqualTo("io.grpc.X");
  }

  @Test
  void format_whenSomethingHostileIsInIt_isOneLineOfWhatCanBeSeen() {
    LogRecord line = event(Event.CLIENT_FAULT, HOSTILE, new IllegalStateException(HOSTILE));
    for (LineFormatter each : new LineFormatter[] {TEXT, JOURNAL, JSON}) {
      assertThat(each.format(line)).endsWith("\n");
      String text = each.format(line).substring(0, each.format(line).length() - 1);
      assertThat(text.chars().filter(c -> c < ' ' || (c > '~')).toArray()).isEmpty();
      assertThat(text).contains("a\\nb\\u000dc\\u001b[31md\\u0000e\\u0085f\\u2028g\\u202eh");
    }
    assertThat(parse(line).get("message").getAsString()).isEqualTo(HOSTILE);
    assertThat(parse(line).get("program").getAsString()).isEqualTo(HOSTILE);
  }

  @Test
  void format_whenTheTextIsInAnyLanguage_leavesItAsItIs() {
    String text = "Größe größer \u65e5\u672c \ud83d\ude00 100%";
    assertThat(TEXT.format(event(Event.PROBLEM, text, null))).contains(text);
    assertThat(parse(event(Event.PROBLEM, text, null)).get("message").getAsString())
        .isEqualTo(text);
  }

  @Test
  void format_whenSomethingWasThrown_saysWhereAndWhyOnTheSameLine() {
    Throwable thrown = new IllegalStateException("outer", new IllegalStateException("inner"));
    LogRecord line = event(Event.DEFECT, "met a defect", thrown);
    assertThat(JOURNAL.format(line))
        .startsWith("<3>met a defect | java.lang.IllegalStateException: outer | at ")
        .contains(" | caused by: java.lang.IllegalStateException: inner | at ");
    assertThat(JOURNAL.format(line).lines()).hasSize(1);
    assertThat(parse(line).get("thrown").getAsString()).contains("outer", "inner");
  }

  @Test
  void format_whenEverythingIsLong_fitsIntoALineOfTheJournal() {
    String wide = "\u65e5".repeat(100_000);
    LogRecord line = event(Event.DEFECT, wide, new IllegalStateException(wide));
    assertThat(JSON.format(line).getBytes(UTF_8).length).isLessThan(48 * 1024);
    assertThat(parse(line).get("message").getAsString()).endsWith("... (94000 more characters)");
  }

  private static JsonObject parse(LogRecord line) {
    return JsonParser.parseString(JSON.format(line)).getAsJsonObject();
  }
}
