package dev.metakey.server.engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread {@code registry-writer}, which gives the engine its turns until it is stopped. */
public final class WriterThread implements AutoCloseable {
  private static final long MAX_WAIT_MS = 1_000;
  private static final Logger log = LoggerFactory.getLogger(WriterThread.class);

  private final Engine engine;
  private final Thread thread = new Thread(this::run, "registry-writer");

  public WriterThread(Engine engine) {
    this.engine = engine;
  }

  public void start() {
    thread.start();
  }

  private void run() {
    while (!engine.isStopping() || engine.queued() > 0) {
      try {
        engine.doWork(MAX_WAIT_MS);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException | Error defect) {
        log.error("the writer met a defect and goes on: please report this", defect);
      }
    }
  }

  /** Stops the engine, and returns when every queued call was answered. */
  @Override
  public void close() throws InterruptedException {
    engine.stop();
    thread.join();
  }
}
