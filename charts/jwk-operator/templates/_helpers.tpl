{{- /* Every template begins with this: what is null, or not among the values that `helm upgrade --reuse-values` keeps of an
older chart, is as in values.yaml. */}}
{{- define "jwk-operator.complete" -}}
{{- include "jwk-operator.fill" (list .Values (.Files.Get "files/defaults.yaml" | fromYaml)) }}
{{- end }}

{{- define "jwk-operator.fill" -}}
{{- $given := first . }}
{{- range $name, $default := last . }}
{{- if kindIs "invalid" (index $given $name) }}
{{- $_ := set $given $name $default }}
{{- else if kindIs "map" $default }}
{{- include "jwk-operator.fill" (list (index $given $name) $default) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "jwk-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "jwk-operator.fullname" -}}
{{- $name := include "jwk-operator.name" . }}
{{- $full := printf "%s-%s" .Release.Name $name }}
{{- if .Values.fullnameOverride }}
{{- $full = .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- $full = .Release.Name }}
{{- end }}
{{- /* 50, as the longest name of a Service may have 63. */}}
{{- $full = $full | trunc 50 | trimSuffix "-" }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $full) }}
{{- fail (printf "a Service cannot be named like %q, which needs a letter first, then letters, digits and -: set fullnameOverride" $full) }}
{{- end }}
{{- $full }}
{{- end }}

{{- define "jwk-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jwk-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "jwk-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "jwk-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* These labels with others, which go before commonLabels: no key comes twice. Takes a list of the context and the others. */}}
{{- define "jwk-operator.labelsAnd" -}}
{{- mergeOverwrite (include "jwk-operator.labels" (first .) | fromYaml) (last . | default dict) | toYaml }}
{{- end }}

{{- define "jwk-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "jwk-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "jwk-operator.image" -}}
{{- with .Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}
