package dev.metakey.client;

import dev.metakey.model.RegistryInfo;
import dev.metakey.wire.Replies;
import java.util.function.Function;

/**
 * The answer to a call.
 *
 * @param info the registry that answered, and the revision at which the answer is true
 * @param stale whether the daemon could not be reached, so that this is what it published last
 * @param value never null
 */
public record Answer<T>(RegistryInfo info, boolean stale, T value) {
  static <T> Answer<T> of(dev.metakey.v1.RegistryInfo info, T value) {
    return new Answer<>(Replies.info(info), false, value);
  }

  <U> Answer<U> map(Function<T, U> mapper) {
    return new Answer<>(info, stale, mapper.apply(value));
  }

  static <T> Answer<T> stale(RegistryInfo info, T value) {
    return new Answer<>(info, true, value);
  }
}
