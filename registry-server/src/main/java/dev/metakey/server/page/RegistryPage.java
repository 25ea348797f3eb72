package dev.metakey.server.page;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.transport.HttpAnswer;
import dev.metakey.server.transport.HttpFeed;
import dev.metakey.server.transport.HttpPage;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The registry as a page in a browser: its files, {@code /api/state}, {@code /api/field}, and
 * {@code /api/events}, which tells the state anew whenever it has changed.
 */
public final class RegistryPage implements AutoCloseable {
  private static final String TYPE = "application/json";
  private static final int MOST_QUEUED = 64;
  private static final long IDLE_S = 30;

  private final Engine engine;
  private final boolean isFull;
  private final StateJson state;
  private final StoryJson story;

  /** Reads the history; there is no thread while nobody asks. */
  private final ThreadPoolExecutor reader =
      new ThreadPoolExecutor(
          1,
          1,
          IDLE_S,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MOST_QUEUED),
          task -> new Thread(task, "registry-page"));

  /**
   * @param statuses as {@code metakey status} tells
   * @param changesPossible whether the daemon is ready
   * @param isFull whether it shows what admins may read, instead of what everybody may
   */
  public RegistryPage(
      Engine engine,
      Supplier<DaemonStatus> statuses,
      BooleanSupplier changesPossible,
      boolean isFull) {
    this.engine = engine;
    this.isFull = isFull;
    this.state = new StateJson(engine, statuses, changesPossible);
    this.story = new StoryJson(engine);
    reader.allowCoreThreadTimeOut(true);
  }

  /** What there is, by path. */
  public Map<String, HttpPage> pages() {
    Map<String, HttpPage> pages = new HashMap<>(PageFiles.read());
    pages.put("/api/state", query -> json(stateNow()));
    pages.put("/api/field", (HttpPage.Slow) this::field);
    return pages;
  }

  /** What tells of everything that is new. */
  public HttpFeed feed() {
    return new HttpFeed("/api/events", "state", this::stateNow);
  }

  private byte[] stateNow() {
    return state.of(view());
  }

  /** Anew each time, as the policy may have changed. */
  private View view() {
    return new View(engine.rules(), isFull);
  }

  private CompletableFuture<HttpAnswer> field(String query) {
    Integer id = idOf(query);
    if (id == null) {
      return CompletableFuture.completedFuture(
          HttpAnswer.text(
              404, "there is no such field; say '?name=' and its name, or '?id=' and 0 to 63\n"));
    }
    try {
      return CompletableFuture.supplyAsync(() -> json(story.of(id, view())), reader);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(
          HttpAnswer.text(503, "too many ask for the history of fields; ask again later\n"));
    }
  }

  /** The id that a request is about; null if there is none. */
  private @Nullable Integer idOf(String query) {
    if (query.startsWith("name=")) {
      Field field = engine.snapshot().byName(query.substring("name=".length()));
      return field != null && field.id() < Field.IDS && view().shows(field.name())
          ? field.id()
          : null;
    }
    return query.matches("id=([0-9]|[1-5][0-9]|6[0-3])")
        ? Integer.valueOf(query.substring("id=".length()))
        : null;
  }

  private static HttpAnswer json(byte[] body) {
    return new HttpAnswer(200, TYPE, Map.of(), body);
  }

  @Override
  public void close() {
    var unused = reader.shutdownNow();
  }
}
