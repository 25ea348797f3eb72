package dev.metakey.server.transport;

import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.server.engine.Engine;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.wire.Wire;
import java.util.List;

/** Pages of the history. */
final class HistoryPages {
  private static final int MAX_CHANGES = 1000;

  private HistoryPages() {}

  /** Reads a page from disk. What is filtered out counts for the limit, too. */
  static ListHistoryResponse page(ListHistoryRequest request, Engine engine) {
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
    List<Change> page = engine.history(request.getSinceRevision(), limit);
    return ListHistoryResponse.newBuilder()
        .setRegistry(Wire.info(engine.snapshot().info()))
        .addAllChanges(
            page.stream()
                .filter(change -> name.isEmpty() || change.field().name().equals(name))
                .filter(change -> by.isEmpty() || change.peer().service().equals(by))
                .filter(change -> change.atMs() >= fromMs)
                .map(Wire::change)
                .toList())
        .setNextSinceRevision(page.size() < limit ? 0 : page.get(page.size() - 1).revision())
        .build();
  }
}
