package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.client.PolicyVerdict;
import java.io.IOException;
import java.util.List;

/** What the policy says about somebody. */
final class VerdictForm implements Form<PolicyVerdict> {
  private final String name;

  /**
   * @param name what it was asked about; empty for all names
   */
  VerdictForm(String name) {
    this.name = name;
  }

  @Override
  public Table table(List<PolicyVerdict> verdicts, boolean wide) {
    Table table = new Table();
    verdicts.forEach(verdict -> rows(table, verdict));
    return table;
  }

  private void rows(Table table, PolicyVerdict verdict) {
    line(table, "decides", verdict.rule());
    line(table, "about", verdict.about());
    line(table, "allows", verdict.allows());
    if (verdict.bornAdmin()) {
      line(table, "admin", "it is an admin whatever the rule allows; only the quota counts for it");
    }
    String names = name.isEmpty() ? "all names" : name;
    line(
        table,
        "so",
        verdict.rights().isEmpty()
            ? "it may do nothing with " + names
            : "it may %s %s".formatted(String.join(", ", verdict.rights()), names));
    line(table, "quota", "%d ids, %d slot bytes".formatted(verdict.ids(), verdict.slotBytes()));
    for (PolicyVerdict.Passed passed : verdict.passed()) {
      line(table, "not", "%s: it has another %s".formatted(passed.rule(), passed.condition()));
    }
  }

  private static void line(Table table, String what, String value) {
    table.row(Cell.of(what), Cell.of(value));
  }

  @Override
  public void members(JsonWriter json, PolicyVerdict verdict) throws IOException {
    json.name("rule").value(verdict.rule());
    json.name("about").value(verdict.about());
    json.name("allows").value(verdict.allows());
    json.name("always_admin").value(verdict.bornAdmin());
    json.name("name").value(name.isEmpty() ? null : name);
    Json.strings(json, "rights", verdict.rights());
    json.name("ids").value(verdict.ids());
    json.name("slot_bytes").value(verdict.slotBytes());
    json.name("passed").beginArray();
    for (PolicyVerdict.Passed passed : verdict.passed()) {
      json.beginObject();
      json.name("rule").value(passed.rule());
      json.name("condition").value(passed.condition());
      json.endObject();
    }
    json.endArray();
  }

  @Override
  public String name(PolicyVerdict verdict) {
    throw new IllegalStateException("a rule has no name of a field");
  }
}
