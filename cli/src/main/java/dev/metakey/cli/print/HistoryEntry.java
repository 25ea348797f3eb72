package dev.metakey.cli.print;

import dev.metakey.client.History;
import dev.metakey.model.Change;
import dev.metakey.model.FleetEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What the history has: a change, or an event of the fleet. */
public sealed interface HistoryEntry {
  /** A change has this revision, and an event follows the change that has it. */
  long revision();

  /** A change of a field. */
  record OfField(Change change) implements HistoryEntry {
    @Override
    public long revision() {
      return change.revision();
    }
  }

  /** What became of the host in its fleet. */
  record OfFleet(FleetEvent event) implements HistoryEntry {
    @Override
    public long revision() {
      return event.revision();
    }
  }

  /** Both, in the order in which they happened. */
  static List<HistoryEntry> of(History history) {
    List<HistoryEntry> all = new ArrayList<>();
    history.changes().forEach(change -> all.add(new OfField(change)));
    history.fleetEvents().forEach(event -> all.add(new OfFleet(event)));
    all.sort(Comparator.comparingLong(HistoryEntry::revision)); // stable: the change comes first
    return all;
  }

  /**
   * The newest of two pages.
   *
   * @param more what follows
   */
  static History last(History history, History more, int most) {
    List<HistoryEntry> all = new ArrayList<>(of(history));
    all.addAll(of(more));
    List<HistoryEntry> last = all.subList(Math.max(0, all.size() - most), all.size());
    return new History(
        last.stream()
            .filter(OfField.class::isInstance)
            .map(each -> ((OfField) each).change())
            .toList(),
        last.stream()
            .filter(OfFleet.class::isInstance)
            .map(each -> ((OfFleet) each).event())
            .toList(),
        0);
  }
}
