package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Prints what was found: a line each, and below it what to do. */
public final class FindingForm {
  /** Where the text starts: beside what it is about, or below. */
  private static final int BESIDE = 20;

  private static final int BELOW = 6;

  private final Terminal terminal;

  public FindingForm(Terminal terminal) {
    this.terminal = terminal;
  }

  /** For people. */
  public void print(List<Finding> findings) {
    int room = terminal.room();
    // Where little is left beside it, the text goes below.
    boolean isBelow = room < 2 * BESIDE;
    int indent = isBelow ? BELOW : BESIDE;
    for (Finding finding : findings) {
      List<String> lines = new ArrayList<>();
      lines.addAll(Wrapping.lines(Text.oneLine(finding.text()), room - indent));
      if (!finding.advice().isEmpty()) {
        lines.addAll(Wrapping.lines(Text.oneLine(finding.advice()), room - indent));
      }
      String about =
          "%s%s  %s"
              .formatted(
                  terminal.paint(finding.level().style, finding.level().toString()),
                  " ".repeat(4 - finding.level().toString().length()),
                  finding.what());
      String gap = " ".repeat(Math.max(0, BESIDE - BELOW - finding.what().length()));
      terminal.line(isBelow ? about : about + gap + lines.remove(0));
      lines.forEach(line -> terminal.line(" ".repeat(indent) + line));
    }
  }

  /** One document, or a line for each. */
  public void json(List<Finding> findings, boolean isLines) {
    if (isLines) {
      findings.forEach(finding -> Printer.jsonLine(terminal, json -> members(json, finding)));
      return;
    }
    Printer.jsonDocument(
        terminal,
        json -> {
          json.name("findings").beginArray();
          for (Finding finding : findings) {
            json.beginObject();
            members(json, finding);
            json.endObject();
          }
          json.endArray();
        });
  }

  private static void members(JsonWriter json, Finding finding) throws IOException {
    json.name("level").value(finding.level().toString());
    json.name("what").value(finding.what());
    json.name("text").value(finding.text());
    json.name("advice").value(finding.advice().isEmpty() ? null : finding.advice());
  }
}
