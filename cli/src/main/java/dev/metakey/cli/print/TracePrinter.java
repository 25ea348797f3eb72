package dev.metakey.cli.print;

import static java.util.stream.Collectors.joining;

import dev.metakey.packet.FieldValue;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** Prints traced packets as they come. */
public final class TracePrinter {
  private static final int[] WIDTHS = {15, 8, 10, 6, 3, 16, 20};
  private static final DateTimeFormatter TIME_OF_DAY =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final Terminal terminal;
  private final boolean asJson;
  private final EndlessTable table;

  /**
   * @param output JSONL, or else a table
   */
  public TracePrinter(Terminal terminal, Output output) {
    this.terminal = terminal;
    this.asJson = output == Output.JSONL;
    this.table =
        new EndlessTable(
            terminal,
            output == Output.WIDE ? Integer.MAX_VALUE : terminal.room(),
            new Table("TIME", "AT", "DEVICE", "LENGTH", "CPU", "PROCESS", "VALUES")
                .leavingOut("CPU", "LENGTH", "PROCESS", "DEVICE", "AT", "TIME"),
            WIDTHS);
  }

  public void print(TracedPacket packet) {
    if (asJson) {
      json(packet);
      return;
    }
    String values = packet.values().stream().map(TracePrinter::value).collect(joining(" "));
    String why = packet.dropReason().isEmpty() ? "" : " (%s)".formatted(packet.dropReason());
    List<Cell> row =
        List.of(
            Cell.of(TIME_OF_DAY.format(packet.time())),
            Cell.of(packet.at()),
            Cell.of(packet.device()),
            Cell.of(packet.length()),
            Cell.of(packet.cpu()),
            Cell.of("%s[%d]".formatted(packet.process(), packet.pid())),
            Cell.of(values + why));
    table.row(row);
  }

  private static String value(FieldValue value) {
    return "%s=%s".formatted(Objects.requireNonNull(value.field()).name(), value.text());
  }

  private void json(TracedPacket packet) {
    Printer.jsonLine(
        terminal,
        json -> {
          json.name("time").value(TIME.format(packet.time()));
          json.name("at").value(packet.at());
          json.name("drop_reason")
              .value(packet.dropReason().isEmpty() ? null : packet.dropReason());
          json.name("device").value(packet.device().isEmpty() ? null : packet.device());
          json.name("ifindex");
          if (packet.ifindex() == 0) {
            json.nullValue();
          } else {
            json.value(packet.ifindex());
          }
          json.name("length").value(packet.length());
          json.name("cpu").value(packet.cpu());
          json.name("pid").value(packet.pid());
          json.name("process").value(packet.process());
          json.name("values").beginArray();
          for (FieldValue value : packet.values()) {
            json.beginObject();
            new ValueForm().members(json, value);
            json.endObject();
          }
          json.endArray();
        });
  }
}
