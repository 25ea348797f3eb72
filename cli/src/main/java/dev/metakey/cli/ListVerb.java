package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Orphan;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "list",
    footer = {
      "  metakey list",
      "  metakey list --prefix edge. -o wide",
      "  metakey list --owner edge-xdp.service",
      "  metakey list --state active,retired -o jsonl",
      "  metakey list --state free",
      "  metakey list --orphans --unused-for 90d",
      "",
      "A free id shows the name that it had last; one that was never used has none.",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOWHERE})
final class ListVerb extends Verb {
  @Mixin Selection selection = new Selection();

  @Option(
      names = "--state",
      paramLabel = "STATE",
      split = ",",
      description =
          "Only fields in one of these states: ${COMPLETION-CANDIDATES}. Default: all but free.")
  List<FieldState> states = List.of();

  @Option(
      names = "--orphans",
      description = "Only active fields that look abandoned: see --unused-for.")
  boolean orphans;

  @Option(
      names = "--unused-for",
      paramLabel = "DURATION",
      description =
          "With --orphans: only those that no loaded program is linked to and that nobody has used"
              + " for this long: 0 to 366d. Default: 30d.")
  @Nullable Duration unusedFor;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (orphans) {
      return listOrphans();
    }
    if (unusedFor != null) {
      throw wrong("--unused-for needs --orphans");
    }
    Set<FieldState> wanted = EnumSet.noneOf(FieldState.class);
    wanted.addAll(states);
    // The daemon lists fields. Ids that no field ever had show only against the list of all fields.
    if (wanted.contains(FieldState.FREE) && selection.isAll()) {
      printer(output).ids(read(client -> client.list("", EnumSet.allOf(FieldState.class))), wanted);
    } else {
      printer(output).fields(selection.list(this, wanted));
    }
    return 0;
  }

  private int listOrphans() {
    if (!states.isEmpty()) {
      throw wrong("--orphans and --state exclude each other: only active fields can be orphans");
    }
    Duration time = unusedFor == null ? Duration.ofDays(30) : unusedFor;
    Predicate<Field> isWanted = selection.test(this);
    Answer<List<Orphan>> all = ask(client -> client.orphans(time));
    printer(output)
        .orphans(
            all, all.value().stream().filter(orphan -> isWanted.test(orphan.field())).toList());
    return 0;
  }
}
