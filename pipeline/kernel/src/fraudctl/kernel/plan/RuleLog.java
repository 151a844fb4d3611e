package fraudctl.kernel.plan;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The plans of a job as its topic of activations has them, one reader for all operators of a process.
 *
 * <p>A thread follows the topic. Which records count and from when is {@link Activations}' to say.
 */
final class RuleLog {
    private static final Logger LOG = LoggerFactory.getLogger(RuleLog.class);
    private static final Map<String, RuleLog> OPEN = new HashMap<>();
    private static final Duration PATIENCE = Duration.ofSeconds(100);
    private static final Duration POLL = Duration.ofSeconds(5);
    /** The checkpoint for which this task has read to the end; its operators take their parts one after another. */
    private static final ThreadLocal<Long> VERIFIED = ThreadLocal.withInitial(() -> -1L);

    private final String name;
    private final JsonNode settings;
    private final String trust;
    private final KafkaConsumer<byte[], byte[]> consumer;
    /** Asks for the topic's end on a connection of its own: on the follower's the answer would wait for its long poll. */
    private final KafkaConsumer<byte[], byte[]> ends;
    private final TopicPartition partition;
    private final RecordCheck.Opening check;
    private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
    /** The offset up to which all is known. */
    private volatile long position;
    private volatile Plan[] plans = {};
    private volatile Throwable failure;
    private volatile boolean isClosed;
    private int users;

    /** Somebody who wants to know when all before that offset is known. */
    private record Waiting(long end, CompletableFuture<Void> done) {}

    static RuleLog fixed(Rules rules) {
        RuleLog log = new RuleLog(null, null, null, null, null, null, null);
        log.plans = new Plan[] {Plan.first(Plan.read(rules.plan()), rules.announcement())};
        return log;
    }

    /** The log of that topic, read to its end. */
    static RuleLog following(Rules rules, StreamingRuntimeContext task) {
        RuleLog log;
        synchronized (OPEN) {
            // Jobs share a process and these classes; they may read the same topic with other settings.
            String name = String.join(" ", rules.bootstrap(), rules.topic(), rules.settings(), rules.trust(),
                    rules.properties().toString());
            // One that has failed stays with those who have it, until they have all begun anew.
            OPEN.computeIfPresent(name, (ignored, known) -> known.failure == null ? known : null);
            log = OPEN.computeIfAbsent(name, ignored -> new RuleLog(name, Plan.read(rules.settings()),
                    rules.trust(), consumer(rules), consumer(rules), new TopicPartition(rules.topic(), 0),
                    rules.python().check(task)));
            if (log.users++ == 0) {
                Thread thread = new Thread(log::follow, "rules of " + rules.topic());
                thread.setDaemon(true);
                thread.start();
            }
        }
        try {
            log.readToEnd();
            if (log.plans().length == 0) {
                throw new IllegalStateException("no rule set has been activated on " + rules.topic());
            }
            return log;
        } catch (Exception failed) {
            log.release();
            throw new IllegalStateException("cannot read " + rules.topic() + ": " + failed.getMessage(), failed);
        }
    }

    private RuleLog(String name, JsonNode settings, String trust, KafkaConsumer<byte[], byte[]> consumer,
            KafkaConsumer<byte[], byte[]> ends, TopicPartition partition, RecordCheck.Opening check) {
        this.name = name;
        this.settings = settings;
        this.trust = trust;
        this.consumer = consumer;
        this.ends = ends;
        this.partition = partition;
        this.check = check;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Rules rules) {
        Properties properties = new Properties();
        properties.putAll(rules.properties());
        properties.setProperty("bootstrap.servers", rules.bootstrap());
        properties.setProperty("enable.auto.commit", "false");
        // Where the topic was cut off, nothing is passed over or taken twice: the job begins anew.
        properties.setProperty("auto.offset.reset", "none");
        // It must be heard again well within the second that an activation is ahead.
        properties.setProperty("reconnect.backoff.max.ms", "200");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** All that are known, in their order; never fewer than before. */
    Plan[] plans() {
        if (failure != null) {
            throw new IllegalStateException("the topic of activations cannot be followed", failure);
        }
        return plans;
    }

    /** Returns when all is known that was on the topic at this moment, once for each task and checkpoint. */
    void readToEnd(long checkpoint) throws Exception {
        if (consumer != null && VERIFIED.get() != checkpoint) {
            readToEnd();
            VERIFIED.set(checkpoint);
        }
    }

    private void readToEnd() throws Exception {
        Waiting asked = new Waiting(end(), new CompletableFuture<>());
        waiting.add(asked);
        answer();
        try {
            asked.done.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw new IOException("the topic of activations cannot be followed", failed.getCause());
        } catch (TimeoutException late) {
            throw new IOException("the end of " + partition + " was not reached in " + PATIENCE, late);
        } finally {
            waiting.remove(asked);
        }
    }

    private long end() {
        synchronized (ends) {
            return ends.endOffsets(List.of(partition), PATIENCE).get(partition);
        }
    }

    private void follow() {
        try (consumer; RecordCheck asked = check.open()) {
            Activations activations = new Activations(settings, trust, asked, this::alarm);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (!isClosed) {
                step(activations);
            }
        } catch (Throwable thrown) {
            failure = thrown;
            answer();
        }
    }

    private void step(Activations activations) {
        try {
            take(POLL, activations);
            position = consumer.position(partition);
            answer();
        } catch (WakeupException over) {
            // The loop sees to it.
        } catch (org.apache.kafka.common.errors.RetriableException away) {
            // The broker is away; whoever waits has patience of its own.
        }
    }

    private void take(Duration wait, Activations activations) {
        Plan[] known = plans;
        boolean isFirst = position == 0;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
            if (isFirst && record.offset() > 0) {
                LOG.error("The records of {} before offset {} are gone: what they put in force is not known.",
                        partition, record.offset());
            }
            isFirst = false;
            Plan plan = activations.accept(record.offset(), record.timestamp(), record.value());
            if (plan != null) {
                known = Arrays.copyOf(known, known.length + 1);
                known[known.length - 1] = plan;
            }
        }
        plans = known;
    }

    private void alarm(long offset, String reason) {
        LOG.error("The record at offset {} of {} is put aside, and what is in force goes on: {}", offset, partition,
                reason);
    }

    /** By whoever comes last: the follower that has got there, or the one who asks and finds it there. */
    private void answer() {
        for (Waiting asked : waiting) {
            if (failure != null) {
                asked.done.completeExceptionally(failure);
            } else if (position >= asked.end) {
                asked.done.complete(null);
            }
        }
    }

    /** The operator needs it no more; with the last one the thread ends. */
    void release() {
        if (consumer == null) {
            return;
        }
        synchronized (OPEN) {
            if (--users == 0) {
                OPEN.remove(name, this);
                isClosed = true;
                consumer.wakeup();
                synchronized (ends) {
                    ends.close(Duration.ZERO);
                }
            }
        }
    }
}
