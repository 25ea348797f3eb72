package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a file changes, or would change, a row for each id. */
final class PlanForm implements Form<Change> {
  @Override
  public Table table(List<Change> changes, boolean wide) {
    Table table =
        new Table("CHANGE", "ID", "NAME", "BEFORE", "AFTER")
            .wrapping("BEFORE", "AFTER")
            .leavingOut("BEFORE", "AFTER");
    for (Change planned : changes) {
      Field field = planned.field();
      table.row(
          List.of(
              Cell.of(planned.kind()),
              Cell.of(field.id()),
              Cell.of(field.name()),
              Cell.of(text(planned.before(), field)),
              Cell.of(text(planned.after(), field))));
    }
    return table;
  }

  /** {@code retired, 4 bytes, slot 28, generation 2, edge-xdp.service}. */
  static String text(@Nullable Field field, Field shown) {
    if (field == null) {
      return "";
    }
    StringBuilder text = new StringBuilder(field.state().toString());
    if (!field.name().equals(shown.name())) {
      text.append(", ").append(field.name());
    }
    text.append(", ").append(field.size()).append(" bytes");
    if (field.slot() != 0) {
      text.append(", slot ").append(field.slot());
    }
    if (field.generation() != 0) {
      text.append(", generation ").append(field.generation());
    }
    if (field.reservation() != null) {
      text.append(field.isForeign() ? ", foreign" : ", reserved");
    }
    if (!field.owners().isEmpty()) {
      text.append(", ").append(Text.owners(field));
    }
    return text.toString();
  }

  @Override
  public void members(JsonWriter json, Change planned) throws IOException {
    ChangeForm.members(json, planned);
  }

  @Override
  public String name(Change planned) {
    return planned.field().name();
  }
}
