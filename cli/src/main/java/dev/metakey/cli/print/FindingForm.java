package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.cli.print.Finding.Level;
import java.io.IOException;
import java.util.List;

/** Prints what was found: a line each, and below it what to do. */
public final class FindingForm {
  private final Terminal terminal;

  public FindingForm(Terminal terminal) {
    this.terminal = terminal;
  }

  /** For people. */
  public void print(List<Finding> findings) {
    for (Finding finding : findings) {
      Level level = finding.level();
      terminal.line(
          "%s%s  %-12s  %s"
              .formatted(
                  terminal.paint(level.style, level.toString()),
                  " ".repeat(4 - level.toString().length()),
                  finding.what(),
                  Text.oneLine(finding.text())));
      if (!finding.advice().isEmpty()) {
        terminal.line(" ".repeat(20) + Text.oneLine(finding.advice()));
      }
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
