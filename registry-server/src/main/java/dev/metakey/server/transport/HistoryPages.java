package dev.metakey.server.transport;

import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Change;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.server.engine.Engine;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.wire.FleetWire;
import dev.metakey.wire.Wire;
import java.util.List;

/** Pages of the history. */
final class HistoryPages {
  private static final int MAX_CHANGES = 1000;

  private HistoryPages() {}

  /**
   * Reads a page from disk. What is filtered out counts for the limit, too.
   *
   * @param events what became of this host in its fleet
   */
  static ListHistoryResponse page(
      ListHistoryRequest request, Engine engine, List<FleetEvent> events) {
    int limit = Answers.limit(request.getLimit(), MAX_CHANGES);
    if (request.getSinceRevision() < 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "revision %s was never reached"
              .formatted(Long.toUnsignedString(request.getSinceRevision())));
    }
    String name = request.getName().isEmpty() ? "" : Names.check(request.getName());
    String by = request.getBy();
    if (!Timestamps.isValid(request.getFrom())) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "from is no valid time; allowed are seconds of the years 1 to 9999, and 0 to 999999999 nanos");
    }
    long fromMs = request.hasFrom() ? Timestamps.toMillis(request.getFrom()) : Long.MIN_VALUE;
    long since = request.getSinceRevision();
    List<Change> page = engine.history(since, limit);
    long next = page.size() < limit ? 0 : page.get(page.size() - 1).revision();
    return ListHistoryResponse.newBuilder()
        .setRegistry(Wire.info(engine.snapshot().info()))
        .addAllChanges(
            page.stream()
                .filter(change -> name.isEmpty() || change.field().name().equals(name))
                .filter(change -> by.isEmpty() || change.peer().service().equals(by))
                .filter(change -> change.atMs() >= fromMs)
                .map(Wire::change)
                .toList())
        .setNextSinceRevision(next)
        .addAllFleetEvents(
            events.stream()
                .filter(event -> event.revision() >= since)
                .filter(event -> next == 0 || event.revision() < next)
                .filter(event -> name.isEmpty() || event.name().equals(name))
                .filter(event -> by.isEmpty() || event.peer().service().equals(by))
                .filter(event -> event.atMs() >= fromMs)
                .map(FleetWire::event)
                .toList())
        .build();
  }
}
