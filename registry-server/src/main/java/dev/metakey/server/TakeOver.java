package dev.metakey.server;

import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import dev.metakey.server.config.Config;
import dev.metakey.server.domain.Adopt;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Start;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.log.Event;
import dev.metakey.server.storage.RocksStore;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Makes what a start found the registry of this boot: looks at what is loaded, adopts what only
 * that knows, and takes the config's layout on if it can.
 *
 * @param problems takes what an admin should see to
 */
record TakeOver(
    Config config,
    RocksStore store,
    Engine engine,
    KernelWatch kernel,
    UUID bootId,
    Consumer<String> problems) {

  /**
   * @param nothingLoaded an admin's word that no program is loaded
   */
  void run(boolean nothingLoaded) throws IOException {
    Programs seen = engine.run(kernel.look());
    if (!config.looksAtPrograms()) {
      Event.PROGRAMS_IGNORED.say("loaded programs are not looked at ('programs: none')");
    } else if (!seen.blindness().isEmpty()) {
      Event.PROGRAMS_UNSEEN.say("loaded programs cannot be seen: " + seen.blindness());
    }
    boolean isNew = engine.snapshot().info().revision() == 0;
    if (store.recovery() != null) {
      Event.RECOVERED.say(store.recovery());
      if (engine.run(new Adopt(store.ids())) > 0) {
        Event.FIELD_ADOPTED.say("adopted what loaded programs are linked to and nothing else knew");
      }
    }
    Start.Result result = takeLayoutOn(nothingLoaded);
    if (isNew) {
      for (Field adopted : engine.snapshot().records()) {
        Event.FIELD_ADOPTED
            .with("field", adopted.name())
            .with("id", adopted.id())
            .say(
                "adopted %s with id %d: loaded programs use it"
                    .formatted(adopted.name(), adopted.id()));
      }
    }
    if (result == Start.Result.LAYOUT_WAITS_FOR_REBOOT) {
      MetakeyException obstacle =
          Start.obstacle(engine.snapshot(), engine.rules(), config.layout(), config.areaBytes());
      problems.accept(
          obstacle != null
              ? layoutProblem(config, engine.snapshot().info(), obstacle)
              : "the config asks for layout %s with area %d; that waits for a reboot, as loaded programs use the old one (--nothing-loaded gives your word that there are none)"
                  .formatted(config.layout(), config.areaBytes()));
    }
  }

  /** Takes the configured layout on; if the fields do not fit into it, the old one stays. */
  private Start.Result takeLayoutOn(boolean nothingLoaded) {
    Tag fresh = Tag.random(new SecureRandom());
    try {
      return engine.run(
          new Start(bootId.toString(), config.layout(), config.areaBytes(), nothingLoaded, fresh));
    } catch (MetakeyException e) {
      RegistryInfo info = engine.snapshot().info();
      if (e.reason() != Reason.NO_FREE_SLOT) {
        throw e;
      }
      problems.accept(layoutProblem(config, info, e));
      return engine.run(
          new Start(bootId.toString(), info.layout(), info.areaBytes(), nothingLoaded, fresh));
    }
  }

  static String layoutProblem(Config config, RegistryInfo info, MetakeyException obstacle) {
    return "the config asks for layout %s with area %d, and that cannot be taken on: %s. Until it can, the registry keeps layout %s with area %d"
        .formatted(
            config.layout(), config.areaBytes(), obstacle.text(), info.layout(), info.areaBytes());
  }
}
