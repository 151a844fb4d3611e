{{/* Names and labels. The release's name is that of the Flink cluster, which may have 45 characters. */}}
{{- define "fraudctl.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "fraudctl.selector" -}}
app.kubernetes.io/name: fraudctl
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fraudctl.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{ include "fraudctl.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: fraudctl
{{- end -}}

{{- define "fraudctl.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What is mounted is a part of a pod: with another profile come other pods. */}}
{{- define "fraudctl.checksum" -}}
{{ printf "%s%s%s" (toJson .Values.profile) .Values.rules (toJson (pick .Values.job "run" "hops")) | sha256sum }}
{{- end -}}

{{/* The programs of the profile, by name; each with its number of pods and its resources. */}}
{{- define "fraudctl.programs" -}}
{{- $values := .Values -}}
{{- $programs := dict -}}
{{- range $sink, $_ := include "fraudctl.sinks" . | fromJson -}}
{{- $own := dict "kind" "writer" "sink" $sink "stores" (list $sink) -}}
{{- $said := get $values.writers.sinks $sink | default dict -}}
{{- $_ := set $programs (printf "sink-%s" $sink) (merge $own $said (pick $values.writers "replicas" "resources")) -}}
{{- end -}}
{{- if regexMatch "^0(ms|s|m|h|d)?$" (dig "pipeline" "idle_after_ms" 0 $values.profile | toString) -}}
{{- $_ := set $programs "ticker" (dict "kind" "ticker" "replicas" 1 "stores" list "resources" $values.ticker.resources) -}}
{{- end -}}
{{- if dig "notify" "channels" false $values.profile -}}
{{- $_ := set $programs "notifier" (dict "kind" "notifier" "replicas" $values.notifier.replicas "stores" (list "dynamodb" "notify") "resources" $values.notifier.resources) -}}
{{- end -}}
{{- $_ := set $programs "exporter" (dict "kind" "exporter" "replicas" 1 "stores" list "resources" $values.exporter.resources) -}}
{{- toJson $programs -}}
{{- end -}}

{{/* The sinks of the profile: where it says nothing of them, those of every profile. */}}
{{- define "fraudctl.sinks" -}}
{{- if hasKey .Values.profile "sinks" -}}
{{- toJson (.Values.profile.sinks | default dict) -}}
{{- else -}}
{"postgres": {}, "redis": {}}
{{- end -}}
{{- end -}}
